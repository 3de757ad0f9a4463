-- A function that returns the table's rows is made again for the new table's type.
\i ../shop.sql

CREATE FUNCTION latest() RETURNS SETOF orders LANGUAGE sql STABLE AS 'SELECT * FROM orders ORDER BY created_at DESC LIMIT 5';
