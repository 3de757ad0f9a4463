UPDATE orders SET old = new + 1, new = old, k1 = problem, "found" = NOT "found" WHERE seq % 67 = $n % 67
---
UPDATE orders SET created_at = created_at + interval '40 days', tg_op = 'DELETE' WHERE seq % 83 = $n % 83
---
DELETE FROM orders WHERE seq = 1 + $n % 800
