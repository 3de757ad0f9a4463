-- The key is a UUID of version 7.
CREATE TABLE orders (id uuid PRIMARY KEY, note text);
INSERT INTO orders SELECT (lpad(to_hex((extract(epoch FROM timestamptz '2026-06-01 00:00+00' + n * interval '2 hours') * 1000)::bigint), 12, '0')
    || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid, 'n' || n FROM generate_series(1, 1500) n;
