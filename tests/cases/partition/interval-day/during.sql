UPDATE orders SET note = 'd' WHERE id % 31 = $n % 31
