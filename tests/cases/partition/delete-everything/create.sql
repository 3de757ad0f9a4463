-- All rows are deleted, again and again, and new ones come.
\i ../shop.sql
