UPDATE orders SET created_at = created_at + interval '33 days' WHERE id % 83 = $n % 83
