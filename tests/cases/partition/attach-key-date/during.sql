UPDATE orders SET day = day - 31 WHERE id % 67 = $n % 67
