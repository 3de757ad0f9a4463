-- The key is text.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at text NOT NULL);
