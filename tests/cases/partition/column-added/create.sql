-- A column is added, and filled, while the table is converted: it is found before the cut-over, which does not lose it.
\i ../shop.sql
