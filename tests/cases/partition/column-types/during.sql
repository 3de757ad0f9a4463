UPDATE orders SET m = 'happy', tags = tags || 'w'::text, jb = '{"n": 1.5}', c = ROW($n, 'x')::pair WHERE id % 41 = $n % 41
