SELECT * FROM best ORDER BY customer_id
