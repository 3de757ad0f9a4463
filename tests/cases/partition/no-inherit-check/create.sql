-- A check that is not inherited.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, n int CHECK (n > 0) NO INHERIT);
