# What the psycopg 3 scripts share: how to connect, what is told of an error, and how a step is run and noted.
import psycopg

import steps

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

    steps.note(function.__name__, outcome(run))
    return function


def one(connection, query, args=None, **more):
    row = connection.execute(query, args, **more).fetchone()
    return row[0] if row is not None and len(row) == 1 else row


def shown(c, *names):
    return [one(c, f"show {n}") for n in names]
