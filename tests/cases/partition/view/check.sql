SELECT * FROM open_orders ORDER BY id
