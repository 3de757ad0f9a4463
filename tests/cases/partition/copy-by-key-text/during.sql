UPDATE orders SET code = 'Ö' || substr(code, 2) WHERE code = 'a' || ($n * 10 % 1500)
---
UPDATE orders SET code = upper(code), note = 'u' WHERE code = 'z' || (2 + $n * 10 % 1500)
---
DELETE FROM orders WHERE code = 'ß' || (4 + $n * 10 % 1500)
---
INSERT INTO orders VALUES ('ä' || $n, now(), 'new') ON CONFLICT DO NOTHING
