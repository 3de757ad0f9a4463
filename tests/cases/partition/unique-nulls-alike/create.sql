-- A unique constraint for which NULLs are alike, with the partition key in it.
\i ../shop.sql

UPDATE orders SET note = NULL WHERE id % 100 = 0;
ALTER TABLE orders ADD CONSTRAINT one_note UNIQUE NULLS NOT DISTINCT (note, created_at);
