-- A column with a default is added, and filled, while the table is converted: it is taken over.
\i ../shop.sql
