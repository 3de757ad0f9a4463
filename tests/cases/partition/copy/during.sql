COPY orders (customer_id, created_at, note) FROM STDIN
3	2026-07-03 04:05:06+00	copied
4	2026-09-03 04:05:06+00	\N
