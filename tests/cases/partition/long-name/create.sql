-- A name of 63 bytes: no partition's and no index's name collides.
CREATE TABLE orders_of_a_table_whose_name_is_as_long_as_a_name_can_ever_be_a (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, a int, b int);
INSERT INTO orders_of_a_table_whose_name_is_as_long_as_a_name_can_ever_be_a SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', n, n FROM generate_series(1, 800) n;
CREATE INDEX ON orders_of_a_table_whose_name_is_as_long_as_a_name_can_ever_be_a (a); CREATE INDEX ON orders_of_a_table_whose_name_is_as_long_as_a_name_can_ever_be_a (b);
