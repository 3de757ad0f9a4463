-- The same id is deleted and inserted again, in one and in two transactions.
\i ../shop.sql
