# asyncpg: binary, everything prepared, with its pool and its statement cache; prints one JSON document.
import asyncio
import datetime
import decimal
import hashlib
import io
import uuid

import asyncpg

import steps
from steps import note

DSN = dict(host=steps.HOST, port=steps.PORT, user=steps.USER, password=steps.PASSWORD, database=steps.DATABASE)
LIMIT_S = 30
registered = []


def connect(**more):
    return asyncpg.connect(**{**DSN, "timeout": 10, **more})


def told(error):
    """The parts of a server's error that a program may depend on."""
    names = ("sqlstate", "severity", "message", "detail", "hint", "position", "schema_name", "table_name",
             "column_name", "constraint_name")
    return {n: getattr(error, n) for n in names if getattr(error, n, None) is not None}


async def outcome(awaitable):
    try:
        return await asyncio.wait_for(awaitable, LIMIT_S)
    except asyncpg.PostgresError as error:
        return told(error)
    except Exception as error:  # noqa: BLE001 - the outcome is the point
        return steps.unexpected(error)


def step(function):
    registered.append(function)
    return function


async def run(function):
    connection = await connect()
    try:
        return await function(connection)
    finally:
        await connection.close(timeout=5)


async def main():
    for function in registered:
        note(function.__name__, await outcome(run(function)))


@step
async def startup_parameter_status(c):
    settings = c.get_settings()
    return {n: getattr(settings, n, None) for n in steps.REPORTED}, c.get_server_version().major


@step
async def startup_server_settings(_):
    wanted = {"application_name": "the app", "search_path": "alpha,public", "statement_timeout": "12345"}
    c = await connect(server_settings=wanted)
    seen = [await c.fetchval(f"show {n}") for n in wanted]
    await c.execute("set search_path = beta; set application_name = x")
    await c.execute("reset all")
    seen += [await c.fetchval(f"show {n}") for n in wanted]
    await c.reset()
    seen += [await c.fetchval(f"show {n}") for n in wanted]
    await c.close()
    return seen


@step
async def startup_login_refused(_):
    result = []
    for more in (dict(password="wrong"), dict(database="no_such_database"), dict(user="nobody_at_all")):
        try:
            await (await connect(**more)).close()
            result.append("accepted")
        except asyncpg.PostgresError as error:
            result.append(error.sqlstate)
    return result


@step
async def types_in_binary(c):
    utc = datetime.timezone.utc
    values = [
        ("int2", -32768), ("int4", 2147483647), ("int8", -(2**63)), ("bool", True), ("float4", 1.5), ("float8", 0.1),
        ("numeric", decimal.Decimal("12345678901234567890.000123")), ("numeric", decimal.Decimal("NaN")),
        ("text", "naïve 雪"), ("varchar", "v"), ("bytea", bytes(range(256))), ("date", datetime.date(2024, 2, 29)),
        ("time", datetime.time(23, 59, 59, 999999)), ("timestamp", datetime.datetime(2024, 2, 29, 1, 2, 3, 4)),
        ("timestamptz", datetime.datetime(2024, 2, 29, tzinfo=utc)), ("interval", datetime.timedelta(3, 5, 7)),
        ("uuid", uuid.UUID(int=7)), ("json", '{"a": 1}'), ("jsonb", '{"a": [1, null]}'), ("int4[]", [1, None, 3]),
        ("text[]", ["a,b", None, ""]), ("int4range", asyncpg.Range(1, 5)), ("point", asyncpg.Point(1, 2)),
    ]
    result = [f"{t}: {await c.fetchval(f'select $1::{t}', v)!r}, {await c.fetchval(f'select $1::{t}', None)}"
              for t, v in values]
    await c.execute("create type mood as enum ('sad', 'ok'); create type pair as (a int, m mood)")
    result.append(await c.fetchval("select $1::mood", "ok"))
    result.append(repr(await c.fetchval("select row(1, 'sad')::pair")))
    result.append(await c.fetchval("select $1::mood[]", ["ok", None]))
    await c.set_type_codec("jsonb", encoder=str, decoder=lambda t: "decoded " + t, schema="pg_catalog")
    result.append(await c.fetchval("select '[1]'::jsonb"))
    return result


@step
async def transactions_and_savepoints(c):
    await c.execute("create table tx (id int primary key)")
    async with c.transaction(isolation="serializable"):
        await c.execute("insert into tx values ($1)", 1)
        try:
            async with c.transaction():
                await c.execute("insert into tx values ($1)", 2)
                await c.execute("insert into tx values ($1)", 1)
        except asyncpg.UniqueViolationError:
            await c.execute("insert into tx values ($1)", 3)
        level = await c.fetchval("show transaction_isolation")
    transaction = c.transaction(readonly=True)
    await transaction.start()
    refused = await outcome(c.execute("insert into tx values (9)"))
    aborted = await outcome(c.fetchval("select 1"))
    await transaction.rollback()
    return level, refused, aborted, [r["id"] for r in await c.fetch("select id from tx order by 1")]


@step
async def errors(c):
    await c.execute("create table strict (id int primary key, n int not null constraint positive check (n > 0))")
    await c.execute("insert into strict values (1, 1)")
    statements = ["selec 1", "select * from nowhere", "select 1/0", "insert into strict values (1, 1)",
                  "insert into strict values (2, null)", "insert into strict values (2, -1)"]
    simple = [await outcome(c.execute(s)) for s in statements]
    extended = [await outcome(c.fetch(s)) for s in statements]
    return simple, extended, await outcome(c.fetchval("select $1::int", "not a number"))


@step
async def cancel(c):
    result = []
    for _ in range(3):
        try:
            await c.fetchval("select pg_sleep(20)", timeout=0.2)
        except asyncio.TimeoutError:
            result.append("timed out")
        result.append(await c.fetchval("select 'still here'"))
    return result


@step
async def statement_timeout(c):
    await c.execute("set statement_timeout = 100")
    result = [await outcome(c.fetchval("select pg_sleep(20)")) for _ in range(2)]
    await c.execute("reset statement_timeout")
    return result, await c.fetchval("show statement_timeout")


@step
async def copy(c):
    await c.execute("create table copied (id int, v text)")
    tags = [await c.copy_records_to_table("copied", records=[(i, f"v {i}") for i in range(20000)])]
    out = io.BytesIO()
    tags.append(await c.copy_from_query("select * from copied where id < $1 order by id", 1000, output=out))
    binary = io.BytesIO()
    tags.append(await c.copy_from_table("copied", output=binary, format="binary"))
    bad = await outcome(c.copy_to_table("copied", source=io.BytesIO(b"x\ty\n")))

    async def breaking():
        yield b"1\tx\n"
        raise ValueError("changed my mind")

    abandoned = await outcome(c.copy_to_table("copied", source=breaking()))
    return (tags, hashlib.md5(out.getvalue()).hexdigest(), len(binary.getvalue()), bad, abandoned,
            await c.fetchval("select count(*) from copied"))


@step
async def prepared_statements(c):
    statement = await c.prepare("select $1::int + $2::int")
    result = [sum([await statement.fetchval(i, 1) for i in range(50)])]
    many = [await c.prepare(f"select $1::int + {i}") for i in range(300)]
    result.append(sum([await s.fetchval(1) for s in many]))
    result.append(sum([await s.fetchval(1) for s in reversed(many)]))
    result.append([p.name for p in statement.get_parameters()])
    result.append([a.name for a in statement.get_attributes()])
    del many
    for i in range(250):
        await c.fetchval(f"select {i}")
    result.append(await c.fetchval("select count(*) > 0 from pg_prepared_statements"))
    return result


@step
async def prepared_statements_after_deallocate(c):
    result = []
    for clear in ("deallocate all", "discard all"):
        statement = await c.prepare("select $1::int * 2")
        result.append(await statement.fetchval(21))
        await c.execute(clear)
        result.append(await outcome(statement.fetchval(21)))
        result.append(await outcome(c.fetchval("select $1::int * 3", 21)))
    await c.reload_schema_state()
    return result


@step
async def prepared_statements_after_ddl(c):
    await c.execute("create table changing (a int); insert into changing values (1)")

    async def ask():
        # asyncpg prepares again by itself outside a transaction; the names show which result came.
        try:
            return [dict(r) for r in await c.fetch("select * from changing where a = $1", 1)]
        except (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError):
            return [dict(r) for r in await c.fetch("select * from changing where a = $1", 1)]

    result = [await outcome(ask())]
    await c.execute("alter table changing add b text default 'new'")
    result += [await outcome(ask()), await outcome(ask())]
    await c.execute("alter table changing drop b")
    result += [await outcome(ask()), await outcome(ask())]
    return result


@step
async def pipeline(c):
    await c.execute("create table piped (id int primary key)")
    await c.executemany("insert into piped values ($1)", [(i,) for i in range(5000)])
    failed = await outcome(c.executemany("insert into piped values ($1)", [(9000,), (1,), (9001,)]))
    return failed, tuple(await c.fetchrow("select count(*), max(id) from piped"))


@step
async def notices(c):
    got = []
    c.add_log_listener(lambda _, m: got.append((m.severity, m.sqlstate, m.message)))
    await c.execute("do $$ begin raise notice 'n'; raise warning 'w'; end $$")
    await c.fetch("select 1")
    await c.execute("drop table if exists never_there")
    await asyncio.sleep(0.05)
    return got


@step
async def listen_and_notify(c):
    got = []
    arrived = asyncio.Event()

    def heard(_, __, channel, payload):
        got.append((channel, payload))
        if len(got) == 2:
            arrived.set()

    await c.add_listener("news", heard)
    for _ in range(3):
        await c.fetchval("select 1")
    speaker = await connect()
    await speaker.execute("select pg_notify('news', $1)", "one")
    await speaker.execute("notify news, 'two'")
    await speaker.close()
    waited = await outcome(asyncio.wait_for(arrived.wait(), 3))
    await c.remove_listener("news", heard)
    return waited, got, await c.fetch("select pg_listening_channels()")


@step
async def temporary_tables(c):
    await c.execute("create temp table scratch (i int)")
    for i in range(10):
        await c.execute("insert into scratch values ($1)", i)
    return await c.fetchval("select sum(i) from scratch")


@step
async def settings(c):
    names = ("search_path", "TimeZone", "work_mem")

    async def shown():
        return [await c.fetchval(f"select current_setting('{n}')") for n in names]

    result = [await shown()]
    await c.execute("set search_path = alpha; set TimeZone = 'Asia/Tokyo'; set work_mem = '6MB'")
    result += [await shown(), await shown(), c.get_settings().TimeZone]
    async with c.transaction():
        await c.execute("set local work_mem = '7MB'")
        result.append(await shown())
    result.append(await shown())
    await c.reset()
    result.append(await shown())
    return result


@step
async def hold_cursors(c):
    await c.execute("declare held cursor with hold for select generate_series(1, 10)")
    result = [[r[0] for r in await c.fetch("fetch 3 from held")] for _ in range(4)]
    await c.execute("close held")
    return result


@step
async def advisory_locks(c):
    other = await connect()
    await c.fetchval("select pg_advisory_lock(1234)")
    taken = [await other.fetchval("select pg_try_advisory_lock(1234)") for _ in range(3)]
    freed = await c.fetchval("select pg_advisory_unlock(1234)")
    got = await other.fetchval("select pg_try_advisory_lock(1234)")
    await other.close()
    return taken, freed, got


@step
async def large_values(c):
    data = bytes(range(256)) * (steps.BIG // 256)
    return await c.fetchval("select $1::bytea", data) == data, await c.fetchval("select length($1::bytea)", data)


@step
async def large_result_set(c):
    return sum(r["n"] for r in await c.fetch("select n, repeat('z', 30) from generate_series(1, 200000) n"))


@step
async def server_side_cursors(c):
    async with c.transaction():
        total = 0
        async for row in c.cursor("select generate_series(1, $1::int)", 5000, prefetch=100):
            total += row[0]
        cursor = await c.cursor("select generate_series(1, 100)")
        first = [r[0] for r in await cursor.fetch(3)]
        await cursor.forward(10)
        return total, first, (await cursor.fetchrow())[0]


@step
async def several_statements_at_once(c):
    last = await c.execute("create table multi (i int primary key); insert into multi values (1), (2)")
    failed = await outcome(c.execute("insert into multi values (3); insert into multi values (1)"))
    refused = await outcome(c.fetch("select 1; select 2"))
    return last, failed, refused, await c.fetchval("select count(*) from multi"), await c.fetch("")


@step
async def sql_prepare(c):
    await c.execute("prepare thrice (int) as select $1 * 3")
    result = [await c.fetchval(f"execute thrice ({i})") for i in range(5)]
    await c.execute("deallocate thrice")
    return result, await outcome(c.execute("execute thrice (1)"))


@step
async def pool_of_connections(_):
    async with asyncpg.create_pool(**DSN, min_size=2, max_size=5) as pool:
        async def work(i):
            async with pool.acquire() as c, c.transaction():
                await c.execute(f"set local search_path = s{i}")
                return await c.fetchval("select current_setting('search_path') || $1::text", f" {i}")

        return await asyncio.gather(*(work(i) for i in range(100)))


steps.watchdog(120)
asyncio.run(main())
steps.finish()
