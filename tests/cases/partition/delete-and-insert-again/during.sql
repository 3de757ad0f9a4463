DELETE FROM orders WHERE id = 1 + $n * 7 % 2000; INSERT INTO orders (id, customer_id, note, created_at) VALUES (1 + $n * 7 % 2000, 2, 'again', timestamptz '2026-07-01' + $n * interval '1 minute')
---
DELETE FROM orders WHERE id = 1 + $n * 11 % 2000
---
INSERT INTO orders (id, customer_id, note) VALUES (1 + $n * 11 % 2000, 2, 'anew') ON CONFLICT DO NOTHING
