UPDATE orders SET code = 'D' || id WHERE id % 67 = $n % 67
---
UPDATE orders SET nth = nth + 1000 WHERE id = 1 + $n % 800 AND nth < 1000
