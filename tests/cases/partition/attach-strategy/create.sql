-- The second strategy: the old table becomes the first partition.
\i ../shop.sql
