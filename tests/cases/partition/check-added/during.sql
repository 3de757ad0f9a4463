DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'orders_late') THEN ALTER TABLE orders ADD CONSTRAINT orders_late CHECK (note <> 'never'); END IF; END $$
---
UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
