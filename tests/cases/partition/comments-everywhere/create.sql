-- Comments on a foreign key, a rule, a policy, a trigger, and on the index of a materialized view stay.
\i ../shop.sql

CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER silent AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE TABLE order_log (id bigint);
CREATE RULE log_orders AS ON UPDATE TO orders DO ALSO INSERT INTO order_log (id) VALUES (NEW.id);
CREATE POLICY everybody ON orders USING (true);
CREATE MATERIALIZED VIEW per_customer AS SELECT customer_id, count(*) FROM orders GROUP BY 1;
CREATE UNIQUE INDEX per_customer_key ON per_customer (customer_id);
COMMENT ON CONSTRAINT orders_customer_id_fkey ON orders IS 'who bought it'; COMMENT ON RULE log_orders ON orders IS 'a log';
COMMENT ON POLICY everybody ON orders IS 'no secret'; COMMENT ON TRIGGER silent ON orders IS 'does nothing';
COMMENT ON INDEX per_customer_key IS 'for refreshing';
