-- A view of the table shows the new one and keeps its grants.
\i ../shop.sql

CREATE VIEW open_orders AS SELECT id, customer_id, created_at FROM orders WHERE status = 'pending';
GRANT SELECT ON open_orders TO reader;
COMMENT ON VIEW open_orders IS 'what is still to be sent';
