SELECT pubname, schemaname, tablename, attnames, rowfilter FROM pg_publication_tables WHERE tablename NOT LIKE '%\_p%' ORDER BY 1, 3
