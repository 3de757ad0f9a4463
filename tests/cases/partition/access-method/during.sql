UPDATE orders SET note = 'u' || $n WHERE id % 67 = $n % 67
---
INSERT INTO orders VALUES (10000 + $n, now(), 'new') ON CONFLICT DO NOTHING
---
DELETE FROM orders WHERE id = 1 + $n * 5 % 1500
