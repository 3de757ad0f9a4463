DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE '!drover%') AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'late' AND NOT attisdropped) THEN ALTER TABLE orders ADD COLUMN late text COLLATE "C" NOT NULL DEFAULT 'it''s late'; ALTER TABLE orders ALTER late SET STATISTICS 300; GRANT SELECT (late) ON orders TO reader; COMMENT ON COLUMN orders.late IS 'late'; END IF; END $$
---
UPDATE orders SET late = 'n' || $n WHERE id % 59 = $n % 59
---
INSERT INTO orders (customer_id, created_at) VALUES (1 + $n % 50, timestamptz '2026-07-01' + $n * interval '1 hour')
