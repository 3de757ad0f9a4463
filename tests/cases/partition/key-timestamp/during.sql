UPDATE orders SET at = at + interval '20 days' WHERE id % 67 = $n % 67
