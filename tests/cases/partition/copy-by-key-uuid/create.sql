-- Copied in the order of random uuids: what is inserted meanwhile falls anywhere, before the copy and behind it.
CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamptz NOT NULL DEFAULT now(), note text);
INSERT INTO orders SELECT md5(n::text)::uuid, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 1500) n;
