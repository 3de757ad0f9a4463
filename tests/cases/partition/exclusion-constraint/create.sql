-- An exclusion constraint cannot span partitions.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, during tstzrange, EXCLUDE USING gist (during WITH &&));
