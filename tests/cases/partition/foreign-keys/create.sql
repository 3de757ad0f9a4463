-- Outgoing foreign keys with actions, composite and deferrable.
\i ../shop.sql

CREATE TABLE regions (a int, b int, PRIMARY KEY (a, b)); INSERT INTO regions VALUES (1, 1), (1, 2);
ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b int;
ALTER TABLE orders ADD CONSTRAINT in_region FOREIGN KEY (a, b) REFERENCES regions ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
UPDATE orders SET a = 1, b = 1 + id % 2 WHERE id % 50 < 2;
