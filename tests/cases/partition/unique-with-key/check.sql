SELECT conname, contype FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype IN ('p', 'u') ORDER BY 1
