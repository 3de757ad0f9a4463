-- The key is a date.
CREATE TABLE orders (id bigint PRIMARY KEY, day date NOT NULL, note text);
INSERT INTO orders SELECT n, date '2026-06-01' + n / 10, 'n' || n FROM generate_series(1, 1500) n;
