-- Rows are deleted before, while and after they are copied.
\i ../shop.sql
