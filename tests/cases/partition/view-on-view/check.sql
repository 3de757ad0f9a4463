SELECT * FROM open_by_customer ORDER BY customer_id
