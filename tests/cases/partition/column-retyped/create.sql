-- Altering the type of a column that the mirror reads is refused by PostgreSQL; writes go on.
\i ../shop.sql
