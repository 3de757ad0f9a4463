INSERT INTO orders (note) SELECT 'new' FROM generate_series(1, 3)
---
UPDATE orders SET note = 'u' || $n WHERE id = md5((1 + $n * 7 % 1500)::text)::uuid
---
UPDATE orders SET id = gen_random_uuid() WHERE id = md5((1 + $n * 13 % 1500)::text)::uuid
---
DELETE FROM orders WHERE id = md5((1 + $n * 11 % 1500)::text)::uuid
