SELECT id, lo_get(picture) FROM orders WHERE picture IS NOT NULL ORDER BY id
