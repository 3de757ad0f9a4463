UPDATE orders SET note = 'w' WHERE id % 31 = $n % 31
---
DELETE FROM orders WHERE id = 1 + $n % 2000
---
DO $$ BEGIN IF $n % 60 < 3 THEN CLUSTER orders; END IF; END $$
