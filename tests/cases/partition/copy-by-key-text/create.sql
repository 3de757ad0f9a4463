-- Copied in the order of a text whose collation is not that of its bytes, with quotes and backslashes in it.
CREATE TABLE orders (code varchar(40) COLLATE "de-x-icu" PRIMARY KEY, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT (ARRAY['a', 'Ä', 'z', 'Z', 'ß', 'o''c', '\', '-', ' ', 'é'])[1 + n % 10] || n, timestamptz '2026-06-01' + n * interval '2 hours', 'n'
    FROM generate_series(1, 1500) n;
