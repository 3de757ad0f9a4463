-- A rule that logs inserts goes on, once per row.
\i ../shop.sql

CREATE TABLE order_log (id bigint, at timestamptz DEFAULT now());
CREATE RULE log_orders AS ON UPDATE TO orders DO ALSO INSERT INTO order_log (id) VALUES (NEW.id);
