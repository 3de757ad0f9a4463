-- One client's transaction: reads, a write, a savepoint; a wrong answer divides by zero and fails the run.
\set id random(1, 1000)
\set add random(1, 100)
select 1 / (case when :id::int * 2 = :id::int::int + :id::int then 1 else 0 end);
select balance as before from accounts where id = :id::int \gset
begin;
update accounts set balance = balance + :add::int where id = :id::int returning balance as after \gset
savepoint s;
update accounts set balance = 0 where id = :id::int;
rollback to s;
select 1 / (case when balance = :after::bigint then 1 else 0 end) from accounts where id = :id::int;
insert into history (account, added) values (:id::int, :add::int);
end;
select count(*) from history where account = :id::int;
