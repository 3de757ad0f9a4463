SELECT relname, reloptions FROM pg_class WHERE relname IN ('pending', 'invoked') ORDER BY 1
