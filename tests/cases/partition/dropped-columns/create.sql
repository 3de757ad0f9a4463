-- Dropped columns before and between: order and values stay.
CREATE TABLE orders (gone1 int, id bigint PRIMARY KEY, gone2 text, created_at timestamptz NOT NULL, note text, gone3 int, total numeric);
ALTER TABLE orders DROP gone1;
INSERT INTO orders SELECT n, 'x', timestamptz '2026-06-01' + n * interval '3 hours', 'note ' || n, 1, n / 3.0 FROM generate_series(1, 900) n;
ALTER TABLE orders DROP gone2, DROP gone3, ADD late int DEFAULT 5;
