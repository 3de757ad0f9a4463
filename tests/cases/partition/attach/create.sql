-- The table becomes the first partition as it is, while it is written.
\i ../shop.sql
