SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'with_orders'
