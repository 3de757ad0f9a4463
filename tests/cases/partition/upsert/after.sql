INSERT INTO orders (id, customer_id, created_at) VALUES (99999, 4, '2026-07-01') ON CONFLICT (id, created_at) DO UPDATE SET note = 'upserted'
