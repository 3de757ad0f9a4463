-- Check constraints, one of them not validated, keep name and state.
\i ../shop.sql

ALTER TABLE orders ADD CONSTRAINT amount_positive CHECK (total_amount >= 0),
    ADD CONSTRAINT later CHECK (updated_at >= created_at) NOT VALID;
