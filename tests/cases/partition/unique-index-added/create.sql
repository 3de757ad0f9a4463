-- A unique index comes meanwhile: the mirror must know of it before the partitions have it.
\i ../shop.sql
