# Runs pgbench in its four modes (simple, extended, prepared, and prepared with pipelines); prints one JSON document.
import json
import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).parent
CLIENTS, TRANSACTIONS = 8, 60
SCHEMA = """
create table accounts (id int primary key, balance bigint not null default 0);
create table history (account int not null, added int not null);
insert into accounts (id) select generate_series(1, 1000);
"""
MODES = [("simple", "mixed.sql", "simple"), ("extended", "mixed.sql", "extended"),
         ("prepared", "mixed.sql", "prepared"), ("pipelined", "pipelined.sql", "extended"),
         ("pipelined_prepared", "pipelined.sql", "prepared")]


def ask(text):
    command = ["psql", "--no-psqlrc", "--quiet", "-At", "-v", "ON_ERROR_STOP=1", "-c", text]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


outcomes = {"schema": ask(SCHEMA)}
for name, script, protocol in MODES:
    command = ["pgbench", "-n", "-M", protocol, "-c", str(CLIENTS), "-j", "2", "-t", str(TRANSACTIONS), "-f", script]
    run = subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=60, check=False)
    processed = re.search(r"actually processed: (\d+)/(\d+)", run.stdout)
    failed = re.search(r"failed transactions: (\d+)", run.stdout)
    outcomes[name] = {
        "exit code": run.returncode,
        "processed": processed.group(0) if processed else None,
        "failed": failed.group(1) if failed else None,
        "stderr": sorted({re.sub(r"client \d+", "client N", line) for line in run.stderr.splitlines()
                          if re.search("error|abort", line)}),
        "written": ask("select count(*), sum(added) = (select sum(balance) from accounts) from history"),
    }
json.dump(outcomes, sys.stdout, indent=1)
print()
