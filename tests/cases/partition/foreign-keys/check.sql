SELECT conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '') FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'f' ORDER BY 1
