SELECT * FROM orders ORDER BY code
