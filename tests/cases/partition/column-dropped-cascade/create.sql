-- With CASCADE the column goes, and the mirror with it: no write fails, and the conversion stops.
\i ../shop.sql
