UPDATE orders SET note = NULL, total_amount = NULL WHERE id % 37 = $n % 37
---
UPDATE orders SET note = 'back', total_amount = 1.50 WHERE id % 41 = $n % 41
