UPDATE orders SET place = CASE WHEN place % 2 = 0 THEN place + 1 ELSE place - 1 END WHERE place / 2 = 1 + $n % 250
