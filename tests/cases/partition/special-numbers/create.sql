-- NaN, infinities, minus zero, and numerics that differ in scale only.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, f float8, r real, n numeric);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', (ARRAY['NaN', 'Infinity', '-Infinity', '-0', '0'])[1 + n % 5]::float8,
    '-0', (ARRAY['1.0', '1.00', 'NaN', '1'])[1 + n % 4]::numeric FROM generate_series(1, 600) n;
