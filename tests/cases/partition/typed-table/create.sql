-- A table of a composite type.
CREATE TYPE order_type AS (id bigint, created_at timestamptz);
CREATE TABLE orders OF order_type (PRIMARY KEY (id), created_at WITH OPTIONS NOT NULL);
