-- Partial, expression, covering, descending, hash, gin and brin indexes.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN doc jsonb DEFAULT '{}';
CREATE INDEX i_expr ON orders (lower(note)); CREATE INDEX i_cover ON orders (customer_id) INCLUDE (status, note);
CREATE INDEX i_desc ON orders (created_at DESC NULLS LAST, id); CREATE INDEX i_hash ON orders USING hash (customer_id);
CREATE INDEX i_gin ON orders USING gin (doc jsonb_path_ops); CREATE INDEX i_brin ON orders USING brin (created_at) WITH (pages_per_range = 8);
CREATE INDEX i_partial ON orders (updated_at) WITH (fillfactor = 60) WHERE status <> 'delivered';
