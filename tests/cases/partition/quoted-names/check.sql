SELECT * FROM "Odd Schema"."Order ""Table""" ORDER BY 1
