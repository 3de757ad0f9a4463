UPDATE orders SET id = -id WHERE id % 71 = $n % 71
