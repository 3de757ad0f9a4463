-- A REPEATABLE READ transaction older than the copy updates, deletes and inserts.
\i ../shop.sql
