SELECT * FROM latest() ORDER BY id
