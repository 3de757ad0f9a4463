-- Check option, security barrier and security invoker of views stay.
\i ../shop.sql

CREATE VIEW pending WITH (security_barrier) AS SELECT * FROM orders WHERE status = 'pending' WITH LOCAL CHECK OPTION;
CREATE VIEW invoked WITH (security_invoker) AS SELECT id, note FROM orders;
