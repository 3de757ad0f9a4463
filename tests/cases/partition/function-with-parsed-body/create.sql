-- A function whose body was parsed when it was made reads the new table.
\i ../shop.sql

CREATE FUNCTION order_count(customer bigint) RETURNS bigint LANGUAGE sql STABLE
RETURN (SELECT count(*) FROM orders WHERE customer_id = customer);
