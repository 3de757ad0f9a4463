-- TRUNCATE in the middle empties both.
\i ../shop.sql
