UPDATE orders SET note = 'c' WHERE id % 47 = $n % 47
