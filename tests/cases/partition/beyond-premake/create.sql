-- Inserts beyond the last partition while it converts go to the default partition.
\i ../shop.sql
