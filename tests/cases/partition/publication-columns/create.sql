-- A column list that lacks the partition key: every UPDATE would fail.
\i ../shop.sql

CREATE PUBLICATION pending_only FOR TABLE orders (id, customer_id, status);
