UPDATE orders SET m = 'happy', tags = tags || 'w'::text, jb = '{"n": 1.5}', c = ROW($n, 'x') WHERE id % 41 = $n % 41
