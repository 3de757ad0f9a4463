-- Dropping a column that the mirror reads would fail every write: PostgreSQL refuses it, and nothing else happens.
\i ../shop.sql
