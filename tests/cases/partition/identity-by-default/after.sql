INSERT INTO orders (note) VALUES ('after')
