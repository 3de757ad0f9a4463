-- A column comes that is NOT NULL, with statistics, grants and a comment of its own.
\i ../shop.sql
