INSERT INTO orders VALUES (5, '2026-06-01 10:00+00', 'u') ON CONFLICT (id, created_at) DO UPDATE SET note = 'u'
