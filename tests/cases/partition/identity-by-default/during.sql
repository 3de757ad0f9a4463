INSERT INTO orders (note) VALUES ('while')
---
INSERT INTO orders (id, note) VALUES (-$n, 'explicit') ON CONFLICT DO NOTHING
