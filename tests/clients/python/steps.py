# Runs the named steps of a client script, records each outcome, and prints one JSON document at the end.
import json
import os
import sys
import threading
import time
import traceback

HOST = os.environ["PGHOST"]
PORT = int(os.environ["PGPORT"])
USER = os.environ["PGUSER"]
PASSWORD = os.environ["PGPASSWORD"]
DATABASE = os.environ["PGDATABASE"]

# The libraries must take the values above, given to them explicitly, and nothing else.
for name in list(os.environ):
    if name.startswith("PG"):
        del os.environ[name]

# Names of PostgreSQL's reported parameters that every version of the server since 15 has.
REPORTED = [
    "server_version",
    "server_encoding",
    "client_encoding",
    "application_name",
    "is_superuser",
    "session_authorization",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
    "default_transaction_read_only",
    "in_hot_standby",
]

BIG = 20 * 1024 * 1024
outcomes = {}


def note(name, value):
    """Stores the outcome of a step; a name used twice would hide a result, so it is refused."""
    if name in outcomes:
        raise RuntimeError("step named twice: " + name)
    outcomes[name] = value
    if os.environ.get("CLIENT_TRACE"):
        print(f"{name}: {str(value)[:200]}", file=sys.stderr, flush=True)


def unexpected(error):
    """What is told of an error that is not PostgreSQL's: its type, and where it came from on stderr."""
    traceback.print_exception(error, file=sys.stderr)
    return {"exception": type(error).__name__, "text": str(error).strip()}


def finish():
    """Prints the document and ends the process, whatever threads are left."""
    json.dump(outcomes, sys.stdout, indent=1, ensure_ascii=False, default=str)
    sys.stdout.write("\n")
    sys.stdout.flush()
    os._exit(0)


def watchdog(seconds):
    """Prints what there is and ends the process when the whole script takes too long."""

    def run():
        time.sleep(seconds)
        outcomes["watchdog"] = f"the script did not end within {seconds} s"
        finish()

    threading.Thread(target=run, daemon=True).start()
