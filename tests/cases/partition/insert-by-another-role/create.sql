-- A role with INSERT only, no SELECT: its writes are mirrored all the same.
\i ../shop.sql

GRANT INSERT ON orders TO writer; GRANT USAGE ON SEQUENCE orders_id_seq TO writer;
