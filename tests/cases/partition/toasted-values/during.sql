UPDATE orders SET n = n + 1 WHERE id % 23 = $n % 23
---
UPDATE orders SET big = big || 'x' WHERE id % 29 = $n % 29
