DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'late' AND NOT attisdropped) THEN ALTER TABLE orders ADD COLUMN late uuid NOT NULL DEFAULT gen_random_uuid(); END IF; END $$
---
UPDATE orders SET late = gen_random_uuid() WHERE id % 59 = $n % 59
---
INSERT INTO orders (customer_id, created_at) VALUES (1 + $n % 50, timestamptz '2026-07-01' + $n * interval '1 hour')
