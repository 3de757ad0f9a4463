UPDATE orders SET total_amount = total_amount + 1 WHERE id % 50 = $n % 50
