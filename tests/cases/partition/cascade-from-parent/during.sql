DELETE FROM customers WHERE id = 1 + $n % 300
