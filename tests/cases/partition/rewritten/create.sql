-- The table is written anew, by CLUSTER, while it is copied: all its blocks are other ones.
\i ../shop.sql

CLUSTER orders USING orders_pkey;
