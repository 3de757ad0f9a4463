-- A view of a view of the table goes on.
\i ../shop.sql

CREATE VIEW open_orders AS SELECT id, customer_id, created_at FROM orders WHERE status = 'pending';
CREATE VIEW open_by_customer AS SELECT customer_id, count(*) AS open FROM open_orders GROUP BY customer_id;
