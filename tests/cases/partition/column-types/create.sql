-- Domains, enums, arrays, json, ranges, network types, bytea and composites.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, m mood, p percent, tags text[], j json, jb jsonb,
    r int4range, ip inet, mac macaddr, b bytea, c pair, i interval, t time, bits varbit, fixed char(8), x xml, pt point, mon money);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', (enum_range(NULL::mood))[1 + n % 3], n % 100,
    ARRAY['a', NULL, 'b' || n], '{"a": 1,  "a": 2}', '{"n": 1.50}', int4range(n, n + 5), '10.0.0.1/24', '08:00:2b:01:02:03',
    decode(md5(n::text), 'hex'), ROW(n, NULL)::pair, interval '1 month 3 days', '12:34:56.789', B'1011', 'ab', '<a>b</a>', point(1, n), 12.5
FROM generate_series(1, 600) n;
