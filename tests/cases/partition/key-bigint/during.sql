INSERT INTO orders (note) VALUES ('while')
---
DELETE FROM orders WHERE id % 67 = $n % 67
