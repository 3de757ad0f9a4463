-- Statistics targets, storage and compression of columns stay.
\i ../shop.sql

ALTER TABLE orders ALTER customer_id SET STATISTICS 700, ALTER note SET STORAGE EXTERNAL, ALTER note SET COMPRESSION pglz,
    ALTER customer_id SET (n_distinct = 50);
