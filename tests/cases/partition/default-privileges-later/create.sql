-- Default privileges that came after the table, which never had a grant: everybody keeps what he had, the owner too.
\i ../shop.sql

CREATE MATERIALIZED VIEW per_customer AS SELECT customer_id, count(*) FROM orders GROUP BY 1;
CREATE FUNCTION latest() RETURNS SETOF orders LANGUAGE sql STABLE AS 'SELECT * FROM orders ORDER BY created_at DESC LIMIT 5';
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader; ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO reader;
