SELECT order_count(7)
