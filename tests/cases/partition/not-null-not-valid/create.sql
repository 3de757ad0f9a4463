-- NOT NULL that holds for new rows only stays, not validated (PostgreSQL 18).
\i ../shop.sql

UPDATE orders SET note = NULL WHERE id % 100 = 0;
ALTER TABLE orders ADD CONSTRAINT note_there NOT NULL note NOT VALID;
