-- Writes under session_replication_role = replica are mirrored too.
\i ../shop.sql
