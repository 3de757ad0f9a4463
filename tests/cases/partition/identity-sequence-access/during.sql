INSERT INTO orders (note) VALUES ('while')
