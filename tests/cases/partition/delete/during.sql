DELETE FROM orders WHERE id = (SELECT id FROM orders ORDER BY id DESC OFFSET $n % 50 LIMIT 1)
---
DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)
