-- A publication of the table publishes the new one.
\i ../shop.sql

CREATE PUBLICATION shop FOR TABLE orders;
