SELECT relowner::regrole, relacl FROM pg_class WHERE oid = 'orders'::regclass UNION ALL SELECT NULL, attacl FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attacl IS NOT NULL
