SELECT relacl FROM pg_class WHERE oid = 'orders'::regclass
