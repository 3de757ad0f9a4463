INSERT INTO orders (customer_id, created_at) VALUES (5, now() + interval '3 years' + $n * interval '1 day')
