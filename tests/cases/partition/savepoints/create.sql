-- Several statements, savepoints and rollbacks in a transaction.
\i ../shop.sql
