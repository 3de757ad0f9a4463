-- Foreign keys out and in, and a check, that are NOT ENFORCED and that rows break.
\i ../shop.sql
ALTER TABLE orders ADD COLUMN region int, ADD CONSTRAINT in_region FOREIGN KEY (region) REFERENCES customers NOT ENFORCED,
    ADD CONSTRAINT cheap CHECK (total_amount < 100) NOT ENFORCED;
COMMENT ON CONSTRAINT in_region ON orders IS 'not enforced';
UPDATE orders SET region = 1000 + id % 7;
CREATE TABLE lines (order_id bigint, CONSTRAINT of_order FOREIGN KEY (order_id) REFERENCES orders NOT ENFORCED);
INSERT INTO lines VALUES (-1), (1);
