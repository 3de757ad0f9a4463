INSERT INTO orders (customer_id) VALUES (2)
---
UPDATE orders SET note = 'a' WHERE id % 31 = $n % 31
