SELECT DISTINCT relreplident FROM pg_class WHERE oid = 'orders'::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'orders'::regclass)
