-- SERIALIZABLE transactions go on; they may have to be retried, as ever.
\i ../shop.sql
