-- The key is the bigint id itself.
CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
INSERT INTO orders (note) SELECT 'n' || n FROM generate_series(1, 1500) n;
