SELECT obj_description('orders'::regclass), col_description('orders'::regclass, 5), obj_description('orders_customer'::regclass)
