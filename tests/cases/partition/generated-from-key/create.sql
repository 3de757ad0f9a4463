-- A stored generated column, indexed, computed from the key, which moves.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN day date GENERATED ALWAYS AS ((created_at AT TIME ZONE 'UTC')::date) STORED; CREATE INDEX orders_day ON orders (day);
