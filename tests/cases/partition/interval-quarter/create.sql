-- Partitions by quarter.
\i ../shop.sql
