UPDATE orders SET status = 'shipped' WHERE id % 47 IN ($n % 47, ($n + 1) % 47)
---
INSERT INTO orders (customer_id) VALUES (8)
