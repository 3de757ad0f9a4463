-- With --outside refuse, a row beyond the partitions is refused after the swap.
\i ../shop.sql
