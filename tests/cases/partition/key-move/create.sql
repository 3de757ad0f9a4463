-- Updates of the partition key move rows between months.
\i ../shop.sql
