UPDATE orders SET id = upper(id) WHERE id = 'key' || $n % 600
---
UPDATE orders SET id = lower(id), note = 'l' WHERE id = 'key' || $n % 601
