UPDATE ONLY orders SET note = 'o' WHERE id % 31 = $n % 31
