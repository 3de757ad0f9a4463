INSERT INTO orders (customer_id, created_at) VALUES (9, NULL)
