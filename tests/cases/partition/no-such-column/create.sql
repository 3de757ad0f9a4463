-- The key names no column.
\i ../shop.sql
