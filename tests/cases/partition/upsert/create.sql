-- INSERT … ON CONFLICT (id) runs while the table is converted; afterwards it needs the key too.
\i ../shop.sql
