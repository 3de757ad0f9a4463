-- MERGE inserts, updates and deletes.
\i ../shop.sql
