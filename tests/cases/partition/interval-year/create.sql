-- Partitions by year.
\i ../shop.sql
