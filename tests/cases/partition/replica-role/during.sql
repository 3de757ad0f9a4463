SET LOCAL session_replication_role = replica; UPDATE orders SET note = 'applied' WHERE id % 61 = $n % 61; DELETE FROM orders WHERE id = 3 * ($n % 600)
