SELECT rulename FROM pg_rules WHERE tablename = 'orders'
