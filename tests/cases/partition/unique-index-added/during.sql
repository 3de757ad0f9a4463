DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'orders_late') THEN CREATE UNIQUE INDEX orders_late ON orders (customer_id, id, created_at); END IF; END $$
---
UPDATE orders SET customer_id = 1 + (customer_id + $n) % 50 WHERE id % 31 = $n % 31
---
DELETE FROM orders WHERE id = 1 + $n % 2000
