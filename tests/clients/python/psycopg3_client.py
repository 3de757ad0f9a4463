# psycopg 3: every step once, as an application would write it; prints one JSON document.
import datetime
import decimal
import hashlib
import threading
import time
import uuid

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

import steps
from steps import note

DSN = dict(host=steps.HOST, port=steps.PORT, user=steps.USER, password=steps.PASSWORD, dbname=steps.DATABASE)


def connect(**more):
    return psycopg.connect(**{**DSN, "connect_timeout": 10, **more})


def told(error):
    """The parts of a server's error that a program may depend on."""
    d = error.diag
    parts = dict(
        sqlstate=error.sqlstate,
        severity=d.severity_nonlocalized,
        message=d.message_primary or str(error).strip(),
        detail=d.message_detail,
        hint=d.message_hint,
        position=d.statement_position,
        schema=d.schema_name,
        table=d.table_name,
        column=d.column_name,
        constraint=d.constraint_name,
        type=d.datatype_name,
    )
    return {k: v for k, v in parts.items() if v is not None}


def outcome(action):
    try:
        return action()
    except psycopg.Error as error:
        return told(error)
    except Exception as error:  # noqa: BLE001 - the outcome is the point
        return steps.unexpected(error)


def step(function):
    """Runs a step on a connection of its own with autocommit on, which is closed afterwards."""

    def run():
        with connect(autocommit=True) as connection:
            return function(connection)

    note(function.__name__, outcome(run))
    return function


def one(connection, query, args=None, **more):
    row = connection.execute(query, args, **more).fetchone()
    return row[0] if row is not None and len(row) == 1 else row


@step
def parameter_status(c):
    return {n: c.info.parameter_status(n) for n in steps.REPORTED}


@step
def startup_application_name(_):
    with connect(autocommit=True, application_name="the app") as c:
        first = (c.info.parameter_status("application_name"), one(c, "show application_name"))
        c.execute("set application_name = 'changed'")
        second = (c.info.parameter_status("application_name"), one(c, "show application_name"))
        c.execute("reset application_name")
        return first, second, one(c, "show application_name")


@step
def startup_options(_):
    with connect(autocommit=True, options="-c search_path=alpha,public -c statement_timeout=12345") as c:
        first = [one(c, f"show {n}") for n in ("search_path", "statement_timeout")]
        c.execute("set search_path = beta")
        c.execute("reset search_path")
        c.execute("set statement_timeout = 1000")
        c.execute("reset all")
        return first, [one(c, f"show {n}") for n in ("search_path", "statement_timeout")]


@step
def startup_login_refused(_):
    def attempt(**more):
        try:
            connect(**more).close()
            return "accepted"
        except psycopg.OperationalError as error:
            return [w for w in ("password authentication failed", "does not exist") if w in str(error)]

    return attempt(password="wrong"), attempt(dbname="no_such_database")


VALUES = [
    ("int2", -32768), ("int4", 2147483647), ("int8", -9223372036854775808), ("bool", True),
    ("float8", 0.1), ("float4", 1.5), ("numeric", decimal.Decimal("12345678901234567890.000123")),
    ("text", "naïve 雪 '\"\\"), ("varchar(5)", "abc"), ("char(5)", "ab"), ("bytea", bytes(range(256))),
    ("date", datetime.date(2024, 2, 29)), ("time", datetime.time(23, 59, 59, 999999)),
    ("timestamp", datetime.datetime(2024, 2, 29, 1, 2, 3, 4)),
    ("timestamptz", datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)),
    ("interval", datetime.timedelta(days=3, seconds=5, microseconds=7)),
    ("uuid", uuid.UUID("12345678-1234-5678-1234-567812345678")), ("int4[]", [1, None, 3]),
    ("text[]", ["a,b", '"', "{}", None, ""]), ("numeric[]", [decimal.Decimal("1.10")]),
]


def types(c, binary):
    result = {}
    cursor = c.cursor(binary=binary)
    for name, value in VALUES:
        def trip(name=name, value=value):
            placeholder = "%b" if binary and not isinstance(value, datetime.timedelta) else "%s"
            row = cursor.execute(f"select {placeholder}::{name}, null::{name}", (value,)).fetchone()
            return [repr(row[0]), repr(row[1])]
        result[name] = outcome(trip)
    result["jsonb"] = outcome(
        lambda: cursor.execute("select %s::jsonb", (Jsonb({"a": [1, None, {"b": "ü"}]}),)).fetchone()[0])
    c.execute("create type mood as enum ('sad', 'ok')")
    result["enum"] = outcome(lambda: cursor.execute("select %s::mood, array['ok','sad']::mood[]::text[]", ("ok",)).fetchone())
    result["row"] = outcome(lambda: cursor.execute("select row(1, 'x', null)::text").fetchone()[0])
    c.execute("drop type mood")
    return result


@step
def types_in_text(c):
    return types(c, False)


@step
def types_in_binary(c):
    return types(c, True)


@step
def transactions(_):
    with connect() as c:
        c.execute("create table tx (id int primary key, v text)")
        c.commit()
        c.execute("insert into tx values (1, 'kept')")
        c.commit()
        c.execute("insert into tx values (2, 'lost')")
        c.rollback()
        states = [c.info.transaction_status.name]
        failed = [outcome(lambda: c.execute("select 1/0"))]
        states.append(c.info.transaction_status.name)
        failed.append(outcome(lambda: c.execute("select 1")))
        c.rollback()
        states.append(c.info.transaction_status.name)
        with c.transaction():
            c.execute("insert into tx values (3, 'kept')")
            try:
                with c.transaction():
                    c.execute("insert into tx values (4, 'lost')")
                    c.execute("insert into tx values (3, 'again')")
            except psycopg.errors.UniqueViolation:
                c.execute("insert into tx values (5, 'after savepoint')")
        return states, failed, c.execute("select * from tx order by id").fetchall()


@step
def transaction_modes(_):
    with connect() as c:
        c.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        c.read_only = True
        seen = [one(c, "show transaction_isolation"), one(c, "show transaction_read_only")]
        refused = outcome(lambda: c.execute("create table never (i int)"))
        c.rollback()
        c.isolation_level = None
        c.read_only = None
        return seen, refused, one(c, "show transaction_isolation")


@step
def error_details(c):
    c.execute("create schema shop create table parent (id int primary key) create table child (id int not null, "
              "parent_id int constraint child_parent references parent, n int constraint positive check (n > 0))")
    c.execute("create domain shop.small as int constraint under_ten check (value < 10)")
    c.execute("insert into shop.parent values (1)")
    statements = [
        "selec 1", "select * from nowhere", "select 1/0", "select 'x'::int", "insert into shop.parent values (1)",
        "insert into shop.child values (null, 1, 1)", "insert into shop.child values (1, 9, 1)",
        "insert into shop.child values (1, 1, -1)", "select 11::shop.small", "delete from shop.parent p using nope",
        "do $$ begin raise exception 'own' using errcode = 'ZX001', detail = 'd', hint = 'h'; end $$",
    ]
    return [outcome(lambda: c.execute(s)) for s in statements]


@step
def cancel(c):
    timer = threading.Timer(0.3, c.cancel)
    timer.start()
    begun = time.monotonic()
    result = outcome(lambda: c.execute("select pg_sleep(20)"))
    timer.join()
    return result, time.monotonic() - begun < 10, one(c, "select 'still here'")


@step
def statement_timeout(c):
    c.execute("set statement_timeout = 100")
    first = outcome(lambda: c.execute("select pg_sleep(20)"))
    second = outcome(lambda: c.execute("select pg_sleep(20)"))
    c.execute("reset statement_timeout")
    return first, second, one(c, "show statement_timeout")


@step
def copy(c):
    c.execute("create table copied (id int, v text, b bytea)")
    with c.cursor() as cursor:
        with cursor.copy("copy copied to stdout") as copy_out:
            empty = b"".join(bytes(b) for b in copy_out)
        with cursor.copy("copy copied from stdin") as copy_in:
            for i in range(20000):
                copy_in.write_row((i, "line\t\n\\" if i % 2 else None, b"\x00\xff"))
        tag = cursor.statusmessage
        with cursor.copy("copy (select * from copied order by id) to stdout (format binary)") as copy_out:
            data = b"".join(bytes(b) for b in copy_out)
        c.execute("truncate copied")
        with cursor.copy("copy copied from stdin (format binary)") as copy_in:
            for begin in range(0, len(data), 7777):
                copy_in.write(data[begin:begin + 7777])

        def bad():
            with cursor.copy("copy copied from stdin") as copy_in:
                copy_in.write("not a number\tx\ty\n")

        def abandoned():
            with cursor.copy("copy copied from stdin") as copy_in:
                copy_in.write("7\tx\t\\\\x00\n")
                raise ValueError("changed my mind")

        return (empty.decode(), tag, hashlib.md5(data).hexdigest(), outcome(bad), outcome(abandoned),
                one(c, "select count(*), sum(id), count(v) from copied"))


@step
def prepared_statements(c):
    c.prepare_threshold = 0
    c.prepared_max = 500
    result = [sum(one(c, "select %s::int + 1", (i,)) for i in range(50))]
    result.append(sum(one(c, f"select %s::int + {i}", (1,)) for i in range(300)))
    result.append(sum(one(c, f"select %s::int + {i}", (1,)) for i in range(300)))
    with c.transaction():
        result.append(sum(one(c, f"select %s::int + {i}", (1,)) for i in range(300)))
    result.append(one(c, "select count(*) > 300 from pg_prepared_statements"))
    return result


@step
def prepared_statements_after_deallocate(c):
    c.prepare_threshold = 0
    result = []
    for clear in ("deallocate all", "discard all", "DEALLOCATE PREPARE ALL; select 1"):
        result.append(outcome(lambda: one(c, "select %s::int * 2", (21,))))
        c.execute(clear, prepare=False)
        result.append(outcome(lambda: one(c, "select %s::int * 2", (21,))))
        result.append(outcome(lambda: one(c, "select %s::int * 2", (21,))))
    return result


@step
def prepared_statements_after_ddl(c):
    c.execute("create table changing (a int)")
    c.execute("insert into changing values (1)")
    c.prepare_threshold = 0

    def ask():
        # A proxy may answer right away what PostgreSQL answers only when asked again, so both are the same outcome.
        try:
            return c.execute("select * from changing where a = %s", (1,)).fetchall()
        except psycopg.errors.FeatureNotSupported:
            return c.execute("select * from changing where a = %s", (1,), prepare=False).fetchall()

    result = [outcome(ask), outcome(ask)]
    c.execute("alter table changing add b text default 'new'")
    result += [outcome(ask), outcome(ask)]
    c.execute("alter table changing alter a type bigint")
    result += [outcome(ask), outcome(ask)]
    c.execute("drop table changing")
    result.append(outcome(ask))
    return result


@step
def pipeline(c):
    c.execute("create table piped (id int primary key)")
    with c.pipeline() as p:
        cursors = [c.execute("insert into piped values (%s) returning id", (i,)) for i in range(200)]
        p.sync()
        first = sum(x.fetchone()[0] for x in cursors)

    def failing():
        with c.pipeline():
            c.execute("insert into piped values (1000)")
            c.execute("insert into piped values (1)")
            c.execute("insert into piped values (1001)")

    failed = outcome(failing)
    with c.pipeline():
        with c.transaction():
            c.execute("insert into piped values (2000)")
            c.execute("insert into piped values (2001)")
    return first, failed, one(c, "select count(*), max(id) from piped"), c.info.transaction_status.name


@step
def notices(c):
    got = []
    c.add_notice_handler(lambda d: got.append((d.severity, d.sqlstate, d.message_primary, d.message_hint)))
    c.execute("do $$ begin raise notice 'n %', 1; raise warning 'w' using hint = 'h'; end $$")
    c.execute("drop table if exists never_there")
    c.execute("set client_min_messages = error")
    c.execute("drop table if exists never_there")
    c.execute("reset client_min_messages")
    c.execute("commit")
    return got


@step
def listen_and_notify(c):
    got = []
    c.add_notify_handler(lambda n: got.append((n.channel, n.payload, n.pid == own)))
    own = c.info.backend_pid
    c.execute("listen news")
    c.execute("listen other")
    for n in range(3):
        c.execute("select 1")
    with connect(autocommit=True) as speaker:
        speaker.execute("notify news, 'from afar'")
        speaker.execute("select pg_notify('other', 'second')")
        speaker.execute("notify unheard, 'x'")
    deadline = time.monotonic() + 3
    while len(got) < 2 and time.monotonic() < deadline:
        c.execute("select 1")
        time.sleep(0.01)
    channels = [r[0] for r in c.execute("select pg_listening_channels() order by 1")]
    c.execute("unlisten news")
    c.execute("unlisten *")
    return [g[:2] for g in got], channels, c.execute("select pg_listening_channels()").fetchall()


@step
def temporary_tables(c):
    c.execute("create temp table scratch (id int, v text)")
    for i in range(10):
        c.execute("insert into scratch values (%s, 'x')", (i,))
    with c.transaction():
        c.execute("insert into scratch values (99, 'y')")
    counted = outcome(lambda: one(c, "select count(*), sum(id) from scratch"))
    c.execute("create temp table brief (i int)")
    c.execute("drop table brief")
    c.execute("discard temp")
    return counted, outcome(lambda: one(c, "select count(*) from scratch"))


def shown(c, *names):
    return [one(c, f"show {n}") for n in names]


@step
def settings_over_transactions(c):
    names = ("search_path", "TimeZone", "DateStyle", "work_mem", "bytea_output", "lock_timeout")
    result = [shown(c, *names)]
    c.execute("set search_path = alpha, \"Be ta\"")
    c.execute("set TimeZone = 'america/new_york'")
    c.execute("set DateStyle = 'sql, dmy'")
    c.execute("set work_mem = '5MB'")
    c.execute("select set_config('bytea_output', 'escape', false)")
    c.execute("do $$ begin set lock_timeout = '3s'; end $$")
    result += [shown(c, *names) for _ in range(3)]
    result.append(one(c, "select timestamptz '2024-07-01 12:00:00+00'::text, '\\x00ff'::bytea::text"))
    result.append([c.info.parameter_status(n) for n in ("TimeZone", "DateStyle")])
    for n in names:
        c.execute(f"reset {n}")
    result.append(shown(c, *names))
    result.append([one(c, f"select current_setting('{n}')") for n in names])
    return result


@step
def settings_and_rollback(_):
    with connect() as c:
        names = ("search_path", "TimeZone", "statement_timeout")
        c.execute("set search_path = kept")
        c.commit()
        c.execute("set search_path = undone")
        c.execute("set TimeZone = 'Asia/Tokyo'")
        c.execute("savepoint s")
        c.execute("set statement_timeout = 777")
        inside = [shown(c, *names)]
        c.execute("rollback to s")
        inside.append(shown(c, *names))
        c.rollback()
        after = shown(c, *names)
        c.commit()
        c.execute("set local TimeZone = 'Asia/Tokyo'")
        c.execute("set local search_path = nowhere")
        local = shown(c, *names)
        c.commit()
        committed = shown(c, *names)
        c.rollback()
        c.autocommit = True
        c.execute("set statement_timeout = 5000; begin; set statement_timeout = 6000; rollback")
        multi = shown(c, *names)
        c.execute("reset all")
        return inside, after, local, committed, multi, shown(c, *names)


@step
def custom_settings(c):
    before = outcome(lambda: one(c, "show my.tenant"))
    c.execute("set my.tenant = 'forty two'")
    return before, [one(c, "select current_setting('my.tenant', true)") for _ in range(5)]


@step
def roles(c):
    c.prepare_threshold = None
    ask = "select current_user, session_user"
    c.execute("set role app_reader")
    result = [one(c, ask) for _ in range(3)]
    result.append(outcome(lambda: c.execute("create table not_mine (i int)")))
    c.execute("reset all")
    result.append(one(c, ask))
    c.execute("reset role")
    result.append(one(c, ask))
    with c.transaction():
        c.execute("set local role app_reader")
        result.append(one(c, ask))
    result.append(one(c, ask))
    c.execute("set role app_reader")
    c.execute("discard all")
    result.append(one(c, ask))
    result.append(outcome(lambda: c.execute("set session authorization postgres")))
    return result


@step
def hold_cursors(c):
    with c.transaction():
        c.execute("declare held cursor with hold for select generate_series(1, 100)")
    result = [c.execute("fetch 3 from held").fetchall() for _ in range(3)]
    result.append(one(c, "select count(*) from pg_cursors where name = 'held'"))
    c.execute("close held")
    return result, outcome(lambda: c.execute("fetch 1 from held"))


@step
def advisory_locks(c):
    with connect(autocommit=True) as other:
        c.execute("select pg_advisory_lock(4711)")
        taken = [one(other, "select pg_try_advisory_lock(4711)") for _ in range(3)]
        again = [one(c, "select pg_try_advisory_lock(4711)") for _ in range(2)]
        freed = [one(c, "select pg_advisory_unlock(4711)") for _ in range(4)]
        got = one(other, "select pg_try_advisory_lock(4711)")
        other.execute("select pg_advisory_unlock_all()")
        return taken, again, freed, got, one(c, "select pg_try_advisory_xact_lock(4711)")


@step
def large_values(c):
    data = bytes(range(256)) * (steps.BIG // 256)
    c.execute("create table large (b bytea)")
    c.execute("insert into large values (%b)", (data,))
    text = one(c, "select repeat('0123456789', 2000000)")
    with c.cursor(binary=True) as cursor:
        back = cursor.execute("select b from large").fetchone()[0]
    return back == data, len(text), one(c, "select md5(b) from large") == hashlib.md5(data).hexdigest()


@step
def large_result_set(c):
    total = count = 0
    for n, text in c.execute("select n, repeat('x', 40) from generate_series(1, 200000) n"):
        count += 1
        total += n + len(text)
    streamed = sum(r[0] for r in c.cursor().stream("select generate_series(1, 50000)"))
    return count, total, streamed


@step
def server_side_cursors(_):
    with connect() as c:
        with c.cursor("named", scrollable=True) as cursor:
            cursor.itersize = 1000
            cursor.execute("select generate_series(1, 10000)")
            total = sum(r[0] for r in cursor)
            cursor.scroll(0, mode="absolute")
            first = cursor.fetchmany(2)
        c.commit()
        with psycopg.ClientCursor(c) as cursor:
            merged = cursor.execute("select %s || %s", ("client", " side")).fetchone()
        return total, first, merged


@step
def autocommit(_):
    with connect() as c:
        c.execute("create table auto (i int)")
        c.rollback()
        gone = outcome(lambda: c.execute("select * from auto"))
        c.rollback()
        c.autocommit = True
        c.execute("create table auto (i int)")
        vacuumed = outcome(lambda: c.execute("vacuum auto").statusmessage)
        c.autocommit = False
        refused = outcome(lambda: c.execute("vacuum auto"))
        c.rollback()
        return gone, vacuumed, refused


@step
def several_statements_at_once(c):
    c.execute("create table multi (i int primary key)")
    cursor = c.execute("insert into multi values (1); select 'two'; select count(*) from multi")
    sets = []
    while True:
        sets.append((cursor.statusmessage, cursor.fetchall() if cursor.description else None))
        if not cursor.nextset():
            break
    failed = outcome(lambda: c.execute("insert into multi values (2); insert into multi values (1)"))
    partly = outcome(lambda: c.execute("begin; insert into multi values (3); commit; insert into multi values (1)"))
    empty = c.execute("").statusmessage, c.execute(";").statusmessage
    return sets, failed, partly, empty, c.execute("select i from multi order by i").fetchall()


@step
def sql_prepare(c):
    c.execute("prepare plus (int) as select $1 + 1")
    result = [one(c, sql.SQL("execute plus ({})").format(i)) for i in range(5)]
    with c.transaction():
        result.append(one(c, "execute plus (100)"))
    result.append(outcome(lambda: c.execute("prepare plus as select 1")))
    result.append(one(c, "select name, statement from pg_prepared_statements where from_sql"))
    c.execute("deallocate plus")
    result.append(outcome(lambda: c.execute("execute plus (1)")))
    return result


@step
def two_phase(c):
    return outcome(lambda: c.execute("prepare transaction 'outside'").statusmessage)


@step
def killed_server(c):
    try:
        c.execute("select pg_terminate_backend(pg_backend_pid())")
        return "survived"
    except psycopg.OperationalError:
        return "lost", c.closed, outcome(lambda: c.execute("select 1"))


@step
def nothing_left_behind(c):
    return [one(c, q) for q in (
        "select current_user", "show search_path", "show TimeZone", "show statement_timeout",
        "select current_setting('my.tenant', true) is not distinct from 'forty two'",
        "select count(*) from pg_listening_channels()", "select count(*) from pg_cursors",
        "select count(*) from pg_locks where locktype = 'advisory' and database = "
        "(select oid from pg_database where datname = current_database())")]


steps.finish()
