SELECT * FROM orders ORDER BY number
