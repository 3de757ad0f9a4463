-- An index is dropped while the table is converted: the partitions lose theirs too.
\i ../shop.sql
