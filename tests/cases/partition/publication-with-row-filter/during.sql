UPDATE orders SET status = 'shipped' WHERE id % 41 = $n % 41
