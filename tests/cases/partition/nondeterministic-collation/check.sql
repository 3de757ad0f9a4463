SELECT orders::text FROM orders ORDER BY id
