SELECT id, customer_id, status, note, created_at FROM orders ORDER BY id
