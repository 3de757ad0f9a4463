-- Another table's policy that reads the table follows it.
\i ../shop.sql

ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY with_orders ON customers FOR SELECT TO writer
USING (EXISTS (SELECT FROM orders WHERE orders.customer_id = customers.id AND orders.status = 'pending'));
GRANT SELECT ON customers, orders TO writer;
