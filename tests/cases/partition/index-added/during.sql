DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND NOT EXISTS (SELECT FROM pg_class WHERE relname = 'orders_late') THEN CREATE INDEX orders_late ON orders (status, customer_id); END IF; END $$
---
UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
