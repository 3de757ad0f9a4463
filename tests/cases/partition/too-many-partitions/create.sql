-- A wrong key in the year 9000 would ask for two million partitions.
\i ../shop.sql

UPDATE orders SET created_at = '9000-01-01 00:00+00' WHERE id = 5;
