-- Rows that come by COPY.
\i ../shop.sql
