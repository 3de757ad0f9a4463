UPDATE orders SET note = 'secured' WHERE id % 97 = $n % 97
