INSERT INTO orders (customer_id, created_at) VALUES (1, '2031-01-01')
