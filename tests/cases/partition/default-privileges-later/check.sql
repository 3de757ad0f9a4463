SELECT l.id, p.count FROM latest() l JOIN per_customer p USING (customer_id) ORDER BY 1
