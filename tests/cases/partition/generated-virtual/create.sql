-- A virtual generated column of PostgreSQL 18.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (total_amount * 2) VIRTUAL;
