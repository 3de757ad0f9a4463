SET LOCAL ROLE writer; SELECT count(*) FROM customers
