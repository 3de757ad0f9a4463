UPDATE orders SET status = 'shipped' WHERE id % 400 = $n % 400
---
INSERT INTO orders (customer_id) VALUES (8)
