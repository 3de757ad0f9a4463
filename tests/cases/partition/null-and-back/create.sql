-- Columns are set to NULL and back.
\i ../shop.sql
