DO $$ BEGIN IF $n % 60 = 30 THEN TRUNCATE orders; END IF; END $$
---
INSERT INTO orders (customer_id, created_at) SELECT 1 + n % 50, timestamptz '2026-08-01' + n * interval '1 hour' FROM generate_series(1, 40) n
