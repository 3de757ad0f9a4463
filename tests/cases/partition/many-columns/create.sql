-- A table of three hundred columns.
DO $$ BEGIN EXECUTE 'CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, '
    || (SELECT string_agg('c' || n || ' int DEFAULT ' || n, ', ') FROM generate_series(1, 300) n) || ')'; END $$;
INSERT INTO orders (id, created_at) SELECT n, timestamptz '2026-06-01' + n * interval '6 hours' FROM generate_series(1, 200) n;
