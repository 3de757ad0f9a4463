-- Two tables draw from one sequence: it stays theirs.
\i ../shop.sql

CREATE TABLE returns (id bigint PRIMARY KEY DEFAULT nextval('orders_id_seq'), note text);
