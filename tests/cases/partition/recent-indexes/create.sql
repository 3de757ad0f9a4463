-- Secondary indexes on the two newest partitions only.
\i ../shop.sql
