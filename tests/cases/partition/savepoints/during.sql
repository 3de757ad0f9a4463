UPDATE orders SET note = 'kept' WHERE id % 53 = $n % 53; SAVEPOINT a; DELETE FROM orders WHERE id % 31 = $n % 31; ROLLBACK TO a; UPDATE orders SET note = note || '!' WHERE id % 53 = $n % 53
---
DELETE FROM orders WHERE id % 7 = 0; ROLLBACK
