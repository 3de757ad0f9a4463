-- What psql is asked, in sections; every section's name goes to both streams so that they can be told apart.
\set VERBOSITY verbose
\set SHOW_CONTEXT always
\pset pager off

\echo == startup_settings
\warn == startup_settings
show TimeZone;
show application_name;
show client_encoding;
set TimeZone = 'Asia/Tokyo';
reset TimeZone;
show TimeZone;

\echo == variables
\warn == variables
\echo :USER :ENCODING :SERVER_VERSION_NUM
\encoding latin1
show client_encoding;
\encoding utf8

\echo == tables
\warn == tables
create schema shop;
create table shop.parent (id int primary key, name text not null, price numeric(10, 2) check (price >= 0));
create table shop.child (id serial primary key, parent_id int references shop.parent);
create type mood as enum ('sad', 'ok');
create view cheap as select * from shop.parent where price < 5;
\d shop.parent
\d shop.child
\dT+ mood
\dt shop.*
\dn
\df shop.*
\sv cheap

\echo == types
\warn == types
\x auto
select 1::int2, 2::int8, 0.1::float8, 1.10::numeric, 'naïve 雪'::text, '\x00ff'::bytea, date '2024-02-29',
       interval '1 day 2 hours', '{"a": [1, null]}'::jsonb, array[1, null, 3], row(1, 'x'), 'ok'::mood, null, true;
\x off
\pset null '(null)'
select null as n, '' as empty;
select 1 as a, 'x' as b \gdesc
select 'select ' || g from generate_series(1, 3) g \gexec
select 41 + 1 as answer \gset
\echo :answer

\echo == errors
\warn == errors
selec 1;
select * from nowhere;
select 1/0;
insert into shop.parent values (1, 'one', 1);
insert into shop.parent values (1, 'again', 1);
insert into shop.parent values (2, null, 1);
insert into shop.parent values (2, 'two', -1);
insert into shop.child (parent_id) values (99);
\echo :LAST_ERROR_SQLSTATE :LAST_ERROR_MESSAGE
do $$ begin raise exception 'own' using errcode = 'ZX001', detail = 'd', hint = 'h'; end $$;
do $$ begin raise notice 'n'; raise warning 'w'; end $$;
drop table if exists never_there;

\echo == transactions
\warn == transactions
begin;
insert into shop.parent values (10, 'ten', 10);
savepoint a;
select 1/0;
select 1;
rollback to a;
insert into shop.parent values (11, 'eleven', 11);
commit;
begin;
insert into shop.parent values (12, 'twelve', 12);
rollback;
commit;
select id from shop.parent order by id;
begin isolation level serializable read only;
show transaction_isolation;
insert into shop.parent values (13, 'thirteen', 13);
commit;

\echo == autocommit_off
\warn == autocommit_off
\set AUTOCOMMIT off
insert into shop.parent values (20, 'twenty', 20);
rollback;
select count(*) from shop.parent where id = 20;
commit;
\set AUTOCOMMIT on
\set ON_ERROR_ROLLBACK on
begin;
select 1/0;
select 'goes on';
commit;
\set ON_ERROR_ROLLBACK off

\echo == several_statements
\warn == several_statements
select 1\; select 2\; select 3;
insert into shop.parent values (30, 'thirty', 1)\; select 1/0;
select count(*) from shop.parent where id = 30;
begin\; select 'in'\; commit;
;

\echo == copy
\warn == copy
create table copied (id int, v text);
copy copied from stdin;
1	one
2	\N
3	tab\there
\.
copy copied to stdout;
copy copied (id) from stdin;
x
\.
copy (select * from copied order by id) to stdout (format csv, header);
\copy (select g, repeat('v', 10) from generate_series(1, 20000) g) to '/dev/null'
\copy copied from program 'seq 1000 | sed s/$/\\tv/'
select count(*), sum(id) from copied;

\echo == prepared
\warn == prepared
prepare plus (int) as select $1 + 1;
execute plus (1);
execute plus (2);
begin;
execute plus (3);
commit;
deallocate plus;
execute plus (4);

\echo == cursors
\warn == cursors
begin;
declare c scroll cursor for select generate_series(1, 10);
fetch 3 from c;
move last from c;
fetch backward 2 from c;
declare held cursor with hold for select generate_series(1, 5);
commit;
fetch 2 from held;
fetch 2 from held;
close held;
fetch 1 from held;
\set FETCH_COUNT 100
select count(*) from (select generate_series(1, 1000)) s;
\unset FETCH_COUNT

\echo == session_state
\warn == session_state
set search_path = shop, public;
set statement_timeout = '3s';
set role app_reader;
show search_path;
show statement_timeout;
select current_user, session_user;
begin;
set local search_path = nowhere;
set statement_timeout = '4s';
show search_path;
rollback;
show search_path;
show statement_timeout;
reset role;
reset all;
select current_user, current_setting('search_path'), current_setting('statement_timeout');
select set_config('my.tenant', 'forty two', false);
select current_setting('my.tenant');
discard all;
select current_setting('my.tenant', true);

\echo == temporary_tables
\warn == temporary_tables
create temp table scratch as select 1 as i;
insert into scratch values (2);
insert into scratch values (3);
select sum(i) from scratch;
\d scratch
drop table scratch;

\echo == notifications
\warn == notifications
listen news;
notify news, 'hello';
select 1;
unlisten news;

\echo == advisory_locks
\warn == advisory_locks
select pg_advisory_lock(5);
select pg_advisory_unlock(5);
select pg_advisory_unlock(5);

\echo == timeouts
\warn == timeouts
set statement_timeout = 50;
select pg_sleep(20);
select pg_sleep(20);
reset statement_timeout;
select 'after';

\echo == large
\warn == large
select md5(repeat('x', 20000000)), length(repeat('x', 20000000));
\o /dev/null
select repeat('x', 20000000);
select g, repeat('y', 50) from generate_series(1, 200000) g;
\o
select 'after';

\echo == large_objects
\warn == large_objects
\lo_import /etc/hostname
\set number :LASTOID
select :number > 0 as imported;
\lo_unlink :number

\echo == reconnect
\warn == reconnect
set search_path = left_behind;
\c
show search_path;
select current_user;
