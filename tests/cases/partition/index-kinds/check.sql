SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON (ONLY )?', ' ON ') FROM pg_index WHERE indrelid = 'orders'::regclass AND NOT indisprimary ORDER BY 1
