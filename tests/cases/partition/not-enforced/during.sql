INSERT INTO orders (customer_id, region, total_amount) VALUES (1, 5000, 1000 + $n)
---
UPDATE orders SET region = $n WHERE id = 1 + $n % 2000
