-- A check is added meanwhile: it is not taken over, and the cut-over does not lose it.
\i ../shop.sql
