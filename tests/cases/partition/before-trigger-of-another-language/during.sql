UPDATE orders SET status = 'shipped' WHERE id % 47 = $n % 47
