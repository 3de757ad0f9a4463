UPDATE orders SET reference = 'S' || $n WHERE id = 1 + $n % 2000
