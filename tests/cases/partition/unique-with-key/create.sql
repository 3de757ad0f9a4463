-- A unique constraint that has the partition key goes on, name and all.
\i ../shop.sql

ALTER TABLE orders ADD CONSTRAINT one_at_a_time UNIQUE (customer_id, created_at, id);
