-- Functions and operators of the caller's own schema do not reach the mirror.
\i ../shop.sql

CREATE SCHEMA evil; CREATE FUNCTION evil.eq(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.eq);
