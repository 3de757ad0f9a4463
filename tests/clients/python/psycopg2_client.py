# psycopg2: the simple protocol throughout, in every step that an application may take; prints one JSON document.
import datetime
import decimal
import hashlib
import io
import select
import threading
import time
import uuid

import psycopg2
import psycopg2.extensions
import psycopg2.extras

import steps
from steps import note

DSN = dict(host=steps.HOST, port=steps.PORT, user=steps.USER, password=steps.PASSWORD, dbname=steps.DATABASE)
psycopg2.extras.register_uuid()


def connect(autocommit=False, **more):
    connection = psycopg2.connect(**{**DSN, "connect_timeout": 10, **more})
    connection.autocommit = autocommit
    return connection


def told(error):
    """The parts of a server's error that a program may depend on."""
    d = error.diag
    parts = dict(sqlstate=error.pgcode, message=d.message_primary or str(error).strip(), detail=d.message_detail,
                 hint=d.message_hint, schema=d.schema_name, table=d.table_name, column=d.column_name,
                 constraint=d.constraint_name, position=d.statement_position, context=d.context)
    return {k: v for k, v in parts.items() if v is not None}


def outcome(action):
    try:
        return action()
    except psycopg2.Error as error:
        return told(error)
    except Exception as error:  # noqa: BLE001 - the outcome is the point
        return steps.unexpected(error)


def step(function):
    """Runs a step on a connection of its own with autocommit on, which is closed afterwards."""

    def run():
        connection = connect(autocommit=True)
        try:
            return function(connection)
        finally:
            connection.close()

    note(function.__name__, outcome(run))
    return function


def rows(connection, query, args=None):
    with connection.cursor() as cursor:
        cursor.execute(query, args)
        return cursor.fetchall() if cursor.description else cursor.statusmessage


def one(connection, query, args=None):
    row = rows(connection, query, args)[0]
    return row[0] if len(row) == 1 else row


def wait(connection):
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        descriptors = [connection.fileno()]
        select.select(descriptors, descriptors if state == psycopg2.extensions.POLL_WRITE else [], [], 5)


@step
def parameter_status(c):
    return {n: c.get_parameter_status(n) for n in steps.REPORTED}, c.encoding, c.server_version


@step
def startup_application_name(_):
    c = connect(True, application_name="two")
    seen = one(c, "show application_name"), c.get_parameter_status("application_name")
    rows(c, "set application_name to three")
    rows(c, "reset application_name")
    seen += (one(c, "show application_name"),)
    c.close()
    return seen


@step
def startup_options(_):
    c = connect(True, options="-c search_path=alpha,public -c TimeZone=Asia/Tokyo")
    seen = one(c, "show search_path"), one(c, "show TimeZone"), c.get_parameter_status("TimeZone")
    c.close()
    return seen


@step
def types(c):
    utc = datetime.timezone.utc
    values = [1, -2, 2**40, 0.1, True, None, "naïve 雪 '\"\\", decimal.Decimal("1.10"), datetime.date(2024, 2, 29),
              datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.datetime(2024, 2, 29, tzinfo=utc),
              datetime.timedelta(days=1, microseconds=5), uuid.UUID(int=7), [1, None, 3], ["a,b", '"', None]]
    result = [repr(one(c, "select %s", (v,))) for v in values]
    result.append(bytes(one(c, "select %s", (psycopg2.Binary(bytes(range(256))),))).hex())
    result.append(one(c, "select %s::jsonb", (psycopg2.extras.Json({"a": [1, None]}),)))
    rows(c, "create type mood as enum ('sad', 'ok')")
    result.append(one(c, "select 'ok'::mood, null::mood, array['ok']::mood[]"))
    return result


@step
def client_encoding(c):
    c.set_client_encoding("LATIN1")
    seen = [one(c, "select 'ü'"), one(c, "show client_encoding"), outcome(lambda: one(c, "select U&'\\96EA'"))]
    seen.append(one(c, "show client_encoding"))
    rows(c, "reset client_encoding")
    return seen, one(c, "show client_encoding"), c.get_parameter_status("client_encoding")


@step
def transactions_and_savepoints(_):
    c = connect()
    rows(c, "create table tx (id int primary key)")
    c.commit()
    rows(c, "insert into tx values (1)")
    c.rollback()
    rows(c, "insert into tx values (2)")
    rows(c, "savepoint a")
    errors = [outcome(lambda: rows(c, "insert into tx values (2)")), outcome(lambda: rows(c, "select 1"))]
    rows(c, "rollback to a")
    rows(c, "insert into tx values (3)")
    rows(c, "release a")
    c.commit()
    states = [c.get_transaction_status()]
    kept = rows(c, "select id from tx order by 1")
    states.append(c.get_transaction_status())
    c.rollback()
    with c:
        rows(c, "insert into tx values (4)")
    kept += rows(c, "select max(id) from tx")
    c.close()
    return errors, states, kept


@step
def session_modes(c):
    c.set_session(isolation_level="REPEATABLE READ", readonly=True, deferrable=True)
    seen = [one(c, "show transaction_isolation"), one(c, "show transaction_read_only")]
    seen += [one(c, "show default_transaction_isolation") for _ in range(3)]
    refused = outcome(lambda: rows(c, "create table never (i int)"))
    c.set_session(isolation_level="DEFAULT", readonly="DEFAULT", deferrable="DEFAULT")
    return seen, refused, one(c, "show transaction_read_only")


@step
def errors(c):
    rows(c, "create table strict (id int primary key, n int not null constraint positive check (n > 0))")
    rows(c, "insert into strict values (1, 1)")
    statements = ["selec 1", "select * from nowhere", "select 1/0", "insert into strict values (1, 1)",
                  "insert into strict values (2, null)", "insert into strict values (2, -1)",
                  "do $$ begin raise sqlstate 'ZX002' using message = 'm', detail = 'd', hint = 'h'; end $$"]
    return [outcome(lambda: rows(c, s)) for s in statements]


@step
def cancel(c):
    timer = threading.Timer(0.3, c.cancel)
    timer.start()
    result = outcome(lambda: rows(c, "select pg_sleep(20)"))
    timer.join()
    return result, one(c, "select 1")


@step
def statement_timeout(c):
    rows(c, "set statement_timeout = 100")
    result = [outcome(lambda: rows(c, "select pg_sleep(20)")) for _ in range(2)]
    rows(c, "reset statement_timeout")
    return result, one(c, "show statement_timeout")


@step
def copy(c):
    rows(c, "create table copied (id int, v text)")
    text = "".join(f"{i}\tvalue {i}\n" for i in range(50000))
    with c.cursor() as cursor:
        cursor.copy_expert("copy copied from stdin", io.StringIO(text))
        out = io.StringIO()
        cursor.copy_expert("copy (select * from copied order by id) to stdout csv header", out)
        bad = outcome(lambda: cursor.copy_expert("copy copied from stdin", io.StringIO("x\ty\n")))
        also_bad = outcome(lambda: cursor.copy_expert("copy nowhere to stdout", out))
    return hashlib.md5(out.getvalue().encode()).hexdigest(), bad, also_bad, one(c, "select count(*) from copied")


@step
def notices(c):
    rows(c, "do $$ begin raise notice 'n'; raise warning 'w'; end $$")
    rows(c, "drop table if exists never_there")
    return [n.strip() for n in c.notices]


@step
def listen_and_notify(c):
    rows(c, "listen news")
    for _ in range(3):
        rows(c, "select 1")
    speaker = connect(autocommit=True)
    rows(speaker, "notify news, 'hello'")
    speaker.close()
    # The client is idle: the message must arrive by itself.
    ready = bool(select.select([c], [], [], 3)[0])
    c.poll()
    rows(c, "unlisten news")
    return ready, [(n.channel, n.payload) for n in c.notifies]


@step
def temporary_tables(c):
    rows(c, "create temp table scratch on commit preserve rows as select 1 as i")
    for _ in range(5):
        rows(c, "insert into scratch select max(i) + 1 from scratch")
    return rows(c, "select i from scratch order by i")


@step
def settings(_):
    c = connect()
    names = ("search_path", "TimeZone", "role", "statement_timeout")
    shown = lambda: [one(c, f"show {n}") for n in names]  # noqa: E731
    rows(c, "set search_path = one; set TimeZone = 'UTC'; set role app_reader; set local statement_timeout = 55")
    result = [shown()]
    c.commit()
    result.append(shown())
    c.rollback()
    rows(c, "set search_path = two")
    rows(c, "reset role")
    result.append(shown())
    c.rollback()
    result.append(shown())
    c.rollback()
    c.reset()
    result.append(shown())
    c.close()
    return result


@step
def hold_cursors(_):
    c = connect()
    cursor = c.cursor("held", withhold=True)
    cursor.execute("select generate_series(1, 30)")
    result = [cursor.fetchmany(5)]
    c.commit()
    result.append(cursor.fetchmany(5))
    c.commit()
    result.append(cursor.fetchall())
    cursor.close()
    c.commit()
    c.close()
    return result


@step
def advisory_locks(c):
    other = connect(autocommit=True)
    rows(c, "select pg_advisory_lock(815)")
    taken = [one(other, "select pg_try_advisory_lock(815)") for _ in range(3)]
    freed = [one(c, "select pg_advisory_unlock(815)") for _ in range(2)]
    got = one(other, "select pg_try_advisory_lock(815)")
    other.close()
    # The lock of a client that has left must be free for the next.
    deadline = time.monotonic() + 5
    while not (again := one(c, "select pg_try_advisory_xact_lock(815)")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return taken, freed, got, again


@step
def large_values(c):
    data = "0123456789abcdef" * (steps.BIG // 16)
    return one(c, "select %s", (data,)) == data, one(c, "select length(%s)", (data,))


@step
def large_result_set(c):
    return len(rows(c, "select n, repeat('y', 30) from generate_series(1, 200000) n"))


@step
def server_side_cursors(_):
    c = connect()
    cursor = c.cursor("named")
    cursor.itersize = 500
    cursor.execute("select generate_series(1, 10000)")
    total = sum(r[0] for r in cursor)
    c.commit()
    c.close()
    return total


@step
def several_statements_at_once(c):
    rows(c, "create table multi (i int primary key)")
    last = rows(c, "insert into multi values (1); insert into multi values (2); select count(*) from multi")
    failed = outcome(lambda: rows(c, "insert into multi values (3); insert into multi values (1)"))
    return last, failed, rows(c, "select i from multi order by i"), outcome(lambda: rows(c, ""))


@step
def sql_prepare(c):
    rows(c, "prepare twice (int) as select $1 * 2")
    result = [one(c, "execute twice (%s)", (i,)) for i in range(5)]
    rows(c, "discard plans")
    result.append(one(c, "execute twice (50)"))
    rows(c, "deallocate all")
    return result, outcome(lambda: rows(c, "execute twice (1)"))


@step
def two_phase_without_it(c):
    c.autocommit = False
    c.tpc_begin(c.xid(1, "gtrid", "bqual"))
    rows(c, "select 1")
    refused = outcome(c.tpc_prepare)
    return refused


@step
def asynchronous_connection(_):
    c = psycopg2.connect(**DSN, async_=1)
    wait(c)
    cursor = c.cursor()
    cursor.execute("select 40 + %s", (2,))
    wait(c)
    answer = cursor.fetchall()
    c.close()
    return answer


steps.finish()
