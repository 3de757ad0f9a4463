INSERT INTO orders (id, customer_id) VALUES (1 + $n % 2100, 4) ON CONFLICT (id) DO UPDATE SET note = 'upserted'
