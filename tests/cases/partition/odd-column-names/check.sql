SELECT * FROM orders ORDER BY seq
