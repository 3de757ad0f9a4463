INSERT INTO orders (customer_id, created_at) VALUES (7, '2026-07-02 10:00+00')
