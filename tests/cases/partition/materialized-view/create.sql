-- A materialized view with its unique index, and a view of it, go on with data.
\i ../shop.sql

CREATE MATERIALIZED VIEW totals AS SELECT customer_id, count(*) AS orders FROM orders GROUP BY customer_id;
CREATE UNIQUE INDEX totals_customer ON totals (customer_id);
CREATE VIEW best AS SELECT * FROM totals WHERE orders > 10;
GRANT SELECT ON totals TO reader;
