# psycopg 3, second half: what a session remembers (settings, roles, listeners, cursors, locks) and large data.
import hashlib
import time

import psycopg
from psycopg import sql

import steps
from psycopg3_steps import connect, one, outcome, shown, step

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
