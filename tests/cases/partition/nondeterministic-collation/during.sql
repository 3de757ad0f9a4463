UPDATE orders SET name = 'nAME' WHERE id % 31 = $n % 31
