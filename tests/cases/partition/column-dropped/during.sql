DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND true THEN ALTER TABLE orders DROP COLUMN total_amount; END IF; END $$
---
UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
