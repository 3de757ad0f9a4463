-- An index is added while the table is converted: the new table has it too.
\i ../shop.sql
