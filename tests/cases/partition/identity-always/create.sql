-- GENERATED ALWAYS AS IDENTITY goes on where it was, increment and all.
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 3 CACHE 5) PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(), note text);
INSERT INTO orders (created_at, note) SELECT timestamptz '2026-06-01' + n * interval '3 hours', 'n' || n FROM generate_series(1, 800) n;
