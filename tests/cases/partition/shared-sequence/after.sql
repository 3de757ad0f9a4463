INSERT INTO orders (customer_id) VALUES (3); INSERT INTO returns (note) VALUES ('late')
