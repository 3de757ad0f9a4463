-- A column comes with a value of its own in each row: PostgreSQL writes the table anew for it.
\i ../shop.sql
