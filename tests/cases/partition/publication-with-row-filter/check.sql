SELECT pubname, tablename, rowfilter FROM pg_publication_tables WHERE tablename = 'orders'
