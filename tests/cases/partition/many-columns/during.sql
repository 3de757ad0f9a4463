UPDATE orders SET c1 = $n, c300 = NULL WHERE id % 31 = $n % 31
