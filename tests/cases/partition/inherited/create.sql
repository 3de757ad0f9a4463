-- A table with children by inheritance.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL); CREATE TABLE old_orders () INHERITS (orders);
