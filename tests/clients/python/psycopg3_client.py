# psycopg 3: types, transactions, errors, COPY, prepared statements, pipelines; prints one JSON document.
import datetime
import decimal
import hashlib
import threading
import time
import uuid

import psycopg
from psycopg.types.json import Jsonb

import steps
from psycopg3_steps import connect, one, outcome, step

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
    enums = "select %s::mood, array['ok', 'sad']::mood[]::text[]"
    result["enum"] = outcome(lambda: cursor.execute(enums, ("ok",)).fetchone())
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


import psycopg3_session  # noqa: E402,F401 - the second half of the script: its steps run on import

steps.finish()
