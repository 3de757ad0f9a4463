INSERT INTO orders (id, customer_id, created_at) VALUES (1, 1, timestamptz '2026-06-01 02:00+00') ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET note = 'again'
