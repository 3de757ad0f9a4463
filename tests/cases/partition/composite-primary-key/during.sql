UPDATE orders SET tenant = tenant || 'x' WHERE number % 67 = $n % 67
---
DELETE FROM orders WHERE number = 1 + $n * 5 % 1500
