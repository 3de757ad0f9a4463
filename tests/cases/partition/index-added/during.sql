CREATE INDEX IF NOT EXISTS orders_late ON orders (status, customer_id)
