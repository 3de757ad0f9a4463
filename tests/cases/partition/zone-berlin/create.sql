-- Month bounds in Europe/Berlin, over a change to winter time.
\i ../shop.sql
