INSERT INTO items (order_id) VALUES (1 + $n % 1000)
---
DELETE FROM orders WHERE id = 1000 + $n % 1000
