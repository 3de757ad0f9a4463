-- The same work sent as pipelines: one implicit transaction, and one that says so.
\set id random(1, 1000)
\set add random(1, 100)
\startpipeline
select balance from accounts where id = :id::int;
select 1 / (case when :id::int * 2 = :id::int::int + :id::int then 1 else 0 end);
begin;
update accounts set balance = balance + :add::int where id = :id::int;
insert into history (account, added) values (:id::int, :add::int);
end;
\endpipeline
\startpipeline
select count(*) from history where account = :id::int;
select balance from accounts where id = :id::int;
\endpipeline
