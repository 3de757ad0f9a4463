SELECT count(*) FROM orders; SELECT pg_sleep(0.3)
---
UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
