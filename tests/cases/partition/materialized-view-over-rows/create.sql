-- A materialized view calls a function over the rows of the table.
\i ../shop.sql

CREATE FUNCTION label(orders) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.status || $1.id';
CREATE MATERIALIZED VIEW labels AS SELECT o.id, label(o) AS label FROM orders AS o;
