-- Row security with policies for two roles.
\i ../shop.sql

ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders TO app USING (true) WITH CHECK (customer_id < 1000);
CREATE POLICY few ON orders AS RESTRICTIVE FOR SELECT TO reader USING (customer_id = 7);
GRANT SELECT ON orders TO reader;
