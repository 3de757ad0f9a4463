-- The key is a timestamp without time zone.
CREATE TABLE orders (id bigint PRIMARY KEY, at timestamp NOT NULL, note text);
INSERT INTO orders SELECT n, timestamp '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 1500) n;
