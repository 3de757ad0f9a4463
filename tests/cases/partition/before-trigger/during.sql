UPDATE orders SET status = 'shipped' WHERE id % 50 = $n % 50
