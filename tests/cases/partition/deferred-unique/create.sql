-- A deferrable primary key cannot tell rows apart at every moment.
CREATE TABLE orders (id bigint PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, created_at timestamptz NOT NULL);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours' FROM generate_series(1, 500) n;
