-- Fill factor and autovacuum settings go to the partitions.
\i ../shop.sql

ALTER TABLE orders SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, toast_tuple_target = 256);
