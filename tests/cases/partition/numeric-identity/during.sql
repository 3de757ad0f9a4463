UPDATE orders SET id = round(id, ($n % 5)::int) WHERE id % 67 = $n % 67
---
UPDATE orders SET note = 'u' WHERE id % 71 = $n % 71
