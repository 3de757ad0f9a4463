UPDATE regions SET a = a + 1 WHERE b = 1
---
UPDATE customers SET name = name || '.' WHERE id = 1 + $n % 50
