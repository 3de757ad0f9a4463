UPDATE orders SET twice = DEFAULT WHERE id % 97 = $n % 97
