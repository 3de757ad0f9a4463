-- The key is an integer, also below zero.
CREATE TABLE orders (id int PRIMARY KEY, note text);
INSERT INTO orders SELECT n - 700, 'n' || n FROM generate_series(1, 1500) n;
