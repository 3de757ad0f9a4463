SELECT rulename, ev_enabled FROM pg_rules JOIN pg_rewrite USING (rulename) WHERE tablename = 'orders'
