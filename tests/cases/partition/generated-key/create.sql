-- The key is a generated column.
CREATE TABLE orders (id bigint PRIMARY KEY, raw timestamp NOT NULL, created_at timestamp NOT NULL GENERATED ALWAYS AS (raw) STORED);
