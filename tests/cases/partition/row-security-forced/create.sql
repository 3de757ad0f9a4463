-- Row security that is forced on the owner too hides rows from the copy.
\i ../shop.sql

ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON orders TO app USING (customer_id < 1000);
