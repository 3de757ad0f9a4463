-- Values of many kilobytes that are stored out of line, changed and unchanged.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, big text, n int DEFAULT 0);
ALTER TABLE orders ALTER big SET STORAGE EXTERNAL;
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', repeat(md5(n::text), 400) FROM generate_series(1, 300) n;
