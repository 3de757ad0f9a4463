DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'total_amount' AND NOT attisdropped) THEN ALTER TABLE orders DROP COLUMN total_amount CASCADE; END IF; END $$
---
UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
