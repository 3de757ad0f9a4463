-- Readers that hold their locks for long: the cut-over asks again and again, and nobody is ended.
\i ../shop.sql
