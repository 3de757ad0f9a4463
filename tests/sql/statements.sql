-- Statements by feature, one a line, which PostgreSQL 15 parses. Lines of comments are left out.
SELECT 1
SELECT id, status FROM orders WHERE customer_id = 42
select id from orders where customer_id = -5
SELECT id FROM orders WHERE customer_id = - 5 AND total > -1.5
SELECT id FROM orders WHERE customer_id = -5::bigint
SELECT id FROM orders WHERE customer_id = (-5)
SELECT a - 5, a -5, -5 - -5, - - 5 FROM t
SELECT id FROM orders WHERE customer_id = $1 AND status = $2
SELECT id FROM orders WHERE customer_id = $1::bigint
SELECT id FROM orders WHERE customer_id IN (1, 2, 3)
SELECT id FROM orders WHERE customer_id IN ($1, $2, $3) AND status = $4
SELECT id FROM orders WHERE customer_id IN (1)
SELECT id FROM orders WHERE customer_id IN (1, -2, 3000000000, NULL)
SELECT id FROM orders WHERE (customer_id, id) IN ((1, 2), (3, 4))
SELECT id FROM orders WHERE customer_id = ANY ('{1,2,3}')
SELECT id FROM orders WHERE customer_id = ANY (ARRAY[1, 2, 3])
SELECT id FROM orders WHERE customer_id = ANY ($1)
SELECT id FROM orders WHERE customer_id NOT IN (1, 2)
SELECT id FROM orders WHERE customer_id BETWEEN 1 AND 10
SELECT id FROM orders WHERE customer_id = 1 OR customer_id = 2
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.customer_id = 7
SELECT o.id FROM orders o LEFT JOIN customers c USING (customer_id) WHERE c.customer_id = 7
SELECT o.id FROM orders o, items i WHERE o.customer_id = i.customer_id AND i.customer_id = 7 AND o.id = i.order_id
SELECT * FROM a NATURAL JOIN b CROSS JOIN c
SELECT * FROM ONLY orders AS o (a, b) WHERE a = 1
SELECT * FROM (SELECT id, customer_id FROM orders) AS s WHERE s.customer_id = 9
WITH recent AS (SELECT * FROM orders WHERE customer_id = 3) SELECT * FROM recent WHERE id > 5
WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 100) SELECT sum(n) FROM t
WITH moved AS (DELETE FROM orders WHERE customer_id = 1 RETURNING *) INSERT INTO archive SELECT * FROM moved
SELECT count(*), sum(total), avg(total), min(total), max(total) FROM orders GROUP BY status HAVING count(*) > 3
SELECT status, count(DISTINCT customer_id) FILTER (WHERE total > 10) FROM orders GROUP BY 1 ORDER BY 2 DESC NULLS LAST LIMIT 10 OFFSET 5
SELECT k % 2 FROM t ORDER BY k % 2
SELECT k % 2 FROM t ORDER BY k % 3
SELECT k % 2, count(*) FROM t GROUP BY k % 2
SELECT date_trunc('day', created_at), count(*) FROM orders GROUP BY date_trunc('day', created_at)
SELECT DISTINCT status FROM orders ORDER BY status
SELECT DISTINCT ON (customer_id) id FROM orders ORDER BY customer_id, created_at DESC
SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS ONLY
SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS WITH TIES
SELECT id FROM orders LIMIT ALL OFFSET $1
SELECT id FROM orders LIMIT 10
SELECT id FROM orders ORDER BY total USING <
SELECT id FROM orders WHERE customer_id = 1 FOR UPDATE
SELECT id FROM orders WHERE customer_id = 1 FOR NO KEY UPDATE OF orders NOWAIT
SELECT id FROM orders WHERE customer_id = 1 FOR SHARE SKIP LOCKED
SELECT a, b, grouping(a) FROM t GROUP BY GROUPING SETS ((a, b), (a), ())
SELECT a, b FROM t GROUP BY ROLLUP (a, b)
SELECT a, b FROM t GROUP BY CUBE (a, b)
SELECT rank() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t
SELECT rank() OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY b)
SELECT 1 UNION SELECT 2 UNION ALL SELECT 3 INTERSECT SELECT 4 EXCEPT SELECT 5
(SELECT 1) ORDER BY 1 LIMIT 1
VALUES (1, 'a'), (2, 'b')
TABLE orders
SELECT EXISTS (SELECT 1 FROM orders WHERE customer_id = 4), NOT EXISTS (SELECT 2)
SELECT (SELECT max(id) FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE c.id = 5
SELECT * FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 100)
SELECT * FROM customers c, LATERAL (SELECT * FROM orders o WHERE o.customer_id = c.id LIMIT 1) l
SELECT * FROM generate_series(1, 10) AS g(i)
SELECT * FROM ROWS FROM (generate_series(1, 10), unnest(ARRAY['a', 'b'])) WITH ORDINALITY
SELECT * FROM orders TABLESAMPLE BERNOULLI (10) REPEATABLE (1)
SELECT CASE WHEN a = 1 THEN 'x' WHEN a = 2 THEN 'y' ELSE 'z' END, CASE a WHEN 1 THEN 2 END FROM t
SELECT coalesce(a, 0), nullif(a, 1), greatest(a, 2), least(b, 3) FROM t
SELECT a IS NULL, b IS NOT NULL, c IS TRUE, d IS NOT UNKNOWN, e IS DISTINCT FROM 1 FROM t
SELECT a LIKE 'x%', b ILIKE 'y_', c SIMILAR TO 'z', d NOT LIKE 'w' ESCAPE '\' FROM t
SELECT a || b, a @> b, a ->> 'k', a #> '{x,y}', a ? 'k', a ?| ARRAY['k'], a <@ b, a && b FROM t
SELECT a COLLATE "C", a AT TIME ZONE 'UTC' FROM t
SELECT a[1], a[1:2], (c).f, (c).*, t.* FROM t
SELECT ROW(1, 2), (1, 2), ARRAY[[1, 2], [3, 4]], ARRAY(SELECT 1)
SELECT '1'::int, CAST('2' AS numeric(10, 2)), 'x'::varchar(10), '1'::float(24), B'01'::bit(2), '{}'::int[]
SELECT interval '1 day', interval '1' day, interval(3) '1.5 s', date '2024-01-01', timestamp(3) '2024-01-01', float8 '1.5', numeric(10, 2) '1.5'
SELECT E'it\'s', U&'d\0061t', U&'d!0061t' UESCAPE '!', N'n', $$it's$$, $x$ $$ $x$, B'01', X'1F', 'it''s'
SELECT 'a'
SELECT 1.5, .5, 1e10, 3000000000, 2147483648, -2147483648, 9223372036854775808, 99999999999999999999
SELECT TRUE, FALSE, NULL, current_date, current_user, localtimestamp(3)
SELECT extract(year FROM d), substring(s FROM 1 FOR 2), trim(both 'x' FROM s), position('a' IN s), overlay(s PLACING 'x' FROM 1) FROM t
SELECT count(*) FROM orders WHERE created_at > now() - interval '7 days'
SELECT string_agg(name, ',' ORDER BY name), percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM orders
SELECT f(a => 1, b := 2), f(VARIADIC ARRAY[1]), s.f(1) FROM t
SELECT nextval('orders_id_seq'), currval('s'), setval('s', 5), lastval()
SELECT 'orders'::regclass, to_regclass('orders'), pg_table_size('orders')
SELECT pg_advisory_xact_lock(42)
SELECT * INTO backup FROM orders
SELECT xmlelement(name a, 1), xmlparse(document '<a/>'), xmlserialize(content x AS text) FROM t
SELECT json_build_object('a', 1), jsonb_path_query(j, '$.a') FROM t
SELECT 1; SELECT 2
SELECT /* drover: shard=2 */ 1
SELECT "Weird ""Name""".x FROM "Weird ""Name"""
INSERT INTO orders (customer_id, status, total) VALUES (42, 'new', 9.99)
INSERT INTO orders (customer_id, status, total) VALUES (42, 'new', 9.99), (-43, NULL, DEFAULT), (44, 'old', 1)
INSERT INTO orders (customer_id, created_at) VALUES (1, now()), (2, now()), (3, now())
INSERT INTO orders (customer_id, payload) VALUES (1, '{}'::jsonb), (2, '[]'::jsonb), ($1, $2::jsonb)
INSERT INTO orders (customer_id, created_at) VALUES (1, '2024-01-01'), (2, now()), (3, '2024-01-02')
INSERT INTO orders VALUES ($1, $2, $3)
INSERT INTO orders DEFAULT VALUES
INSERT INTO orders SELECT * FROM staging WHERE customer_id = 5
INSERT INTO orders (id, customer_id) VALUES (1, 2) ON CONFLICT (id, customer_id) DO UPDATE SET total = EXCLUDED.total + 1 WHERE orders.total < 5 RETURNING id, total
INSERT INTO orders (id) VALUES (1) ON CONFLICT ON CONSTRAINT orders_pkey DO NOTHING
INSERT INTO orders (id) OVERRIDING SYSTEM VALUE VALUES (1)
INSERT INTO orders AS o (id) VALUES (1) ON CONFLICT DO NOTHING
INSERT INTO orders (customer_id) SELECT customer_id FROM generate_series(1, 3) AS g(customer_id)
UPDATE orders SET status = 'paid', total = total + 1.5 WHERE customer_id = 42 AND id = 7
UPDATE orders SET (a, b) = (1, 2), c = DEFAULT WHERE customer_id = $1 RETURNING *
UPDATE orders o SET total = s.total FROM staging s WHERE s.id = o.id AND o.customer_id = 3
UPDATE orders SET (a, b) = (SELECT 1, 2) WHERE customer_id = 1
UPDATE orders SET tags[1] = 'x' WHERE CURRENT OF c
DELETE FROM orders WHERE customer_id = 42
DELETE FROM orders USING customers c WHERE c.id = orders.customer_id AND c.id = 5 RETURNING orders.id
DELETE FROM orders
MERGE INTO orders o USING staging s ON o.customer_id = s.customer_id WHEN MATCHED AND s.gone THEN DELETE WHEN MATCHED THEN UPDATE SET total = s.total WHEN NOT MATCHED THEN INSERT (id, customer_id) VALUES (s.id, 1)
TRUNCATE orders, items RESTART IDENTITY CASCADE
COPY orders (id, customer_id) FROM STDIN WITH (FORMAT csv)
COPY (SELECT * FROM orders WHERE customer_id = 5) TO STDOUT
LOCK TABLE orders IN SHARE MODE
BEGIN ISOLATION LEVEL SERIALIZABLE
START TRANSACTION READ ONLY
COMMIT
ROLLBACK TO SAVEPOINT a
SAVEPOINT a
PREPARE TRANSACTION 'x'
SET search_path = a, b
SET LOCAL work_mem = '64MB'
SET TIME ZONE 'UTC'
SHOW search_path
RESET ALL
DISCARD ALL
PREPARE p (int) AS SELECT * FROM orders WHERE customer_id = $1
EXECUTE p (5)
DEALLOCATE p
DECLARE c CURSOR FOR SELECT * FROM orders WHERE customer_id = 5
FETCH 5 FROM c
CLOSE c
EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM orders WHERE customer_id = 5
CREATE TABLE orders (id bigserial, customer_id bigint NOT NULL, status varchar(50) DEFAULT 'new', total decimal(10, 2) CHECK (total > 0), PRIMARY KEY (id, customer_id))
CREATE TABLE x AS SELECT * FROM orders WHERE customer_id = 5
CREATE TABLE p PARTITION OF orders FOR VALUES FROM (1) TO (10)
CREATE TEMP TABLE x (a int) ON COMMIT DROP
CREATE UNIQUE INDEX CONCURRENTLY i ON orders (customer_id, lower(status)) WHERE total > 5
CREATE VIEW v AS SELECT * FROM orders WHERE customer_id = 5
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT $1 + 1 $$
CREATE SEQUENCE s START 5
ALTER TABLE orders ADD COLUMN note text DEFAULT 'none', DROP COLUMN x
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id)
DROP TABLE IF EXISTS orders CASCADE
DROP INDEX CONCURRENTLY i
VACUUM (ANALYZE) orders
ANALYZE orders
REFRESH MATERIALIZED VIEW CONCURRENTLY v
DO $$ BEGIN DELETE FROM orders; END $$
CALL p(1, 'x')
LISTEN jobs
NOTIFY jobs, 'x'
GRANT SELECT ON orders TO bob
COMMENT ON TABLE orders IS 'x'
REINDEX TABLE orders
