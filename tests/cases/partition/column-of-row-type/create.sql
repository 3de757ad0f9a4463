-- A column of the table's row type elsewhere cannot be rebound.
\i ../shop.sql

CREATE TABLE snapshots (at timestamptz, was orders);
