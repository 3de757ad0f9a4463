SET LOCAL ROLE writer; INSERT INTO orders (customer_id) VALUES (2)
