-- A table that is a child by inheritance.
CREATE TABLE documents (id bigint, created_at timestamptz NOT NULL);
CREATE TABLE orders (PRIMARY KEY (id)) INHERITS (documents);
