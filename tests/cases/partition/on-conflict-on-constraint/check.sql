SELECT conname, contype FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype IN ('p', 'f', 'c') ORDER BY 1
