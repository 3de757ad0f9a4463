UPDATE orders SET note = 'u' WHERE id % 31 = $n % 31
