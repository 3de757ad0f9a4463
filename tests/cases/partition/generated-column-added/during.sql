DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'late' AND NOT attisdropped) THEN ALTER TABLE orders ADD COLUMN late int GENERATED ALWAYS AS (customer_id + 1) STORED; END IF; END $$
---
UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
