UPDATE orders SET late = late + 1, note = NULL WHERE id % 50 = $n % 50
