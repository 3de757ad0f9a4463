-- A column is added, and filled, while the table is converted.
\i ../shop.sql
