-- Partitions by week.
\i ../shop.sql
