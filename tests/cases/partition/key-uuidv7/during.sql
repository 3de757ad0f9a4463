UPDATE orders SET note = 'u' WHERE abs(hashtext(id::text)) % 67 = $n % 67
