-- The primary key has the partition key already: every ON CONFLICT goes on.
CREATE TABLE orders (id bigint, created_at timestamptz, note text, PRIMARY KEY (id, created_at));
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 1500) n;
