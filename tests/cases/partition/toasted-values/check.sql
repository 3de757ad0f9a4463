SELECT id, md5(big), n, created_at FROM orders ORDER BY id
