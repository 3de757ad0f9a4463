-- The primary key keeps its name, which ON CONFLICT ON CONSTRAINT uses.
\i ../shop.sql
