SELECT tgname, tgnewtable FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal AND tgname NOT LIKE '!%'
