UPDATE orders SET note = 'n' WHERE id % 31 = $n % 31
