ALTER TABLE orders ADD COLUMN IF NOT EXISTS late int DEFAULT 3
---
UPDATE orders SET late = $n WHERE id % 59 = $n % 59
