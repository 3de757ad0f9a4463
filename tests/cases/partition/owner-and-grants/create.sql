-- Owner, grants, grant options and column grants stay.
\i ../shop.sql

GRANT SELECT, INSERT ON orders TO reader WITH GRANT OPTION;
GRANT UPDATE (status, note) ON orders TO writer;
REVOKE TRUNCATE ON orders FROM app;
