UPDATE orders SET n = '1.000', f = '-0' WHERE id % 31 = $n % 31
---
UPDATE orders SET n = '1', f = '0' WHERE id % 37 = $n % 37
