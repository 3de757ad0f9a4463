-- Extended statistics keep name, kinds and target.
\i ../shop.sql

CREATE STATISTICS orders_stx (dependencies, ndistinct) ON customer_id, status FROM orders;
ALTER STATISTICS orders_stx SET STATISTICS 500;
