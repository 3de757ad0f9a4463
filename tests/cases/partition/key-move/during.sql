UPDATE orders SET created_at = created_at + interval '40 days' WHERE id % 83 = $n % 83
---
UPDATE orders SET created_at = created_at - interval '40 days' WHERE id % 89 = $n % 89
