UPDATE orders SET id = id + 5000 WHERE id = 1 + $n % 700
---
UPDATE orders SET note = 'u' WHERE id % 31 = $n % 31
