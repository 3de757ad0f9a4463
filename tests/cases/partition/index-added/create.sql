-- An index is added while the table is converted: it is found before the cut-over, which does not lose it.
\i ../shop.sql
