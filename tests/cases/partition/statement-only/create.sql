-- Statements with ONLY find nothing in a partitioned table.
\i ../shop.sql
