-- Updates of the primary key itself.
\i ../shop.sql
