SET LOCAL search_path = evil, public, pg_catalog; UPDATE public.orders SET note = 'e' WHERE id OPERATOR(pg_catalog.<) 9
