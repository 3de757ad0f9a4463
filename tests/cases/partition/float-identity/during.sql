UPDATE orders SET id = -id, note = 'n$n' WHERE id = 0
---
UPDATE orders SET id = id + 0.5 WHERE id = 1 + $n % 500 AND $n % 5 = 0
---
DELETE FROM orders WHERE id = 0; INSERT INTO orders VALUES ('-0', '2026-08-01 00:00+00', 'again $n')
