SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'f' ORDER BY 1
