-- A UUID of version 4 says nothing about time.
CREATE TABLE orders (id uuid PRIMARY KEY, note text);
INSERT INTO orders SELECT gen_random_uuid(), 'n' || n FROM generate_series(1, 200) n;
