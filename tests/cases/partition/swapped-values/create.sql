-- Two rows swap the values of a unique column in one statement, by a deferrable constraint.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, place int, UNIQUE (place, created_at) DEFERRABLE INITIALLY IMMEDIATE);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n / 2 * interval '6 hours', n FROM generate_series(1, 600) n;
