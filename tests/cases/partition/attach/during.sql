INSERT INTO orders (customer_id, note) VALUES (1 + $n % 50, 'during $n')
---
UPDATE orders SET note = NULL, status = 'shipped' WHERE id % 61 = $n % 61
---
DELETE FROM orders WHERE id % 97 = $n % 97
---
UPDATE orders SET created_at = created_at - interval '1 day' WHERE id % 83 = $n % 83
---
INSERT INTO orders (customer_id, created_at) VALUES (2, '2020-01-01'); UPDATE orders SET note = 'x' WHERE id = 1 + $n % 2000; ROLLBACK
