-- Default privileges of the schema do not add grants that the table never had.
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;
\i ../shop.sql

REVOKE ALL ON orders FROM reader;
