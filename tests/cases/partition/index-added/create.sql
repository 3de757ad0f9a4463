-- An index is added while the table is converted: it is taken over, and so is its name.
\i ../shop.sql
