-- A view with a column of the table's row type.
\i ../shop.sql

CREATE VIEW whole AS SELECT id, orders AS row FROM orders;
