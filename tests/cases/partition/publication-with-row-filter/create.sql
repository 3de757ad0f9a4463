-- A row filter on a partitioned table needs publish_via_partition_root.
\i ../shop.sql

ALTER TABLE orders REPLICA IDENTITY FULL;
CREATE PUBLICATION pending_only FOR TABLE orders WHERE (status = 'pending');
