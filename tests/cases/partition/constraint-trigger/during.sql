UPDATE orders SET note = 'good' WHERE id % 47 = $n % 47
