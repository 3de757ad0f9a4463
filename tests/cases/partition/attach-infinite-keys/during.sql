UPDATE orders SET created_at = created_at WHERE id = 1 + $n % 500
