-- A deferrable primary key beside another unique one would come back as a plain unique constraint, checked at once.
CREATE TABLE orders (id bigint PRIMARY KEY DEFERRABLE, number bigint NOT NULL UNIQUE, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT n, n, timestamptz '2026-06-01' + n * interval '3 hours', 'n' || n FROM generate_series(1, 800) n;
