UPDATE orders SET created_at = '-infinity' WHERE id = 1 + $n % 500
