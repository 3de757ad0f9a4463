SELECT * FROM orders ORDER BY id, created_at
