# What every measurement stands on: a PostgreSQL with the demo's shop, drover's verbs, and the journal's times.
import json
import os
import subprocess
import sys
import time

import rig

SHOP = rig.ROOT / "src/Drover.App/Demo/shop.sql"
ORDERS_AT_SCALE_1 = 200_000
# One process each, and room for the whole run, so that no checkpoint falls into one measurement and not the other.
OPTIONS = {"shared_buffers": "1GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h", "maintenance_work_mem": "256MB",
           "max_parallel_workers_per_gather": "0", "max_parallel_maintenance_workers": "0", "autovacuum": "on",
           "log_autovacuum_min_duration": "-1"}


class Shop:
    """The demo's shop in a database of its own; orders and what it points to, nothing else."""

    def __init__(self, server, drover, rows):
        self.server, self.drover, self.rows = server, drover, rows
        self.database = f"shop_{rows}_{time.monotonic_ns()}"
        self.address = f"postgres://{rig.USER}@127.0.0.1:{server.port}/{self.database}"
        self.administer(f"create database {self.database}")
        scale = rows / ORDERS_AT_SCALE_1
        counts = {"orders": rows, "customers": max(10, round(10_000 * scale)), "products": max(10, round(1000 * scale)),
                  "sellers": max(10, round(100 * scale))}
        sections = dict(part.split("\n", 1) for part in SHOP.read_text(encoding="utf-8").split("-- section ")[1:])
        for name in ("tables", "small", "orders"):
            text = sections[name]
            for what, count in counts.items():
                text = text.replace("{" + what + "}", str(count))
            self.sql(text)
        self.customers, self.products = counts["customers"], counts["products"]
        self.sql("vacuum analyze")
        self.sql("checkpoint")

    def drop(self):
        self.administer(f"drop database {self.database} with (force)")

    def administer(self, text):
        rig.run(["psql", "-Xqc", text], env=rig.client_environment(self.server.port, "postgres"))

    def environment(self):
        return rig.client_environment(self.server.port, self.database)

    def sql(self, text):
        """Runs SQL in one transaction per statement; returns what it printed."""
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(command, input=text, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            rig.fail(f"{text[:300]}\n{done.stderr}")
        return done.stdout.strip()

    def seconds(self, text):
        """How long SQL took, by this clock; a connection's few milliseconds are in it."""
        started = time.monotonic()
        self.sql(text)
        return time.monotonic() - started

    def partition(self, verb, *options):
        """One verb of drover partition on orders, to its end."""
        return rig.run([self.drover, "partition", verb, "orders", "-d", self.address, *options])

    def start(self, *options):
        """Converts up to the gate before the cut-over."""
        return self.partition("start", "--by", "created_at", "--allow", "weaken-unique-keys", *options)

    def steps(self):
        """The steps of the last run: name to begin, end (seconds of the clock) and rows."""
        text = self.sql(
            "select json_object_agg(name, json_build_object('begin', extract(epoch from started_at), 'end', "
            "extract(epoch from finished_at), 'rows', rows)) from drover.steps "
            "where started_at is not null and run_id = (select max(id) from drover.runs)")
        return json.loads(text)

    def step_seconds(self, name):
        step = self.steps()[name]
        return step["end"] - step["begin"]


def start_server(folder, bin_folder, options):
    """A server without pgbench's tables; fsync is off unless asked for."""
    own = folder / f"server-{time.monotonic_ns()}"
    own.mkdir()
    own.chmod(0o755)
    settings = {**OPTIONS, "fsync": "on" if options.fsync else "off"}
    return rig.Postgres(own, bin_folder, settings=settings, pgbench_scale=None)


def say(text):
    print(text, file=sys.stderr, flush=True)


def load_average():
    return os.getloadavg()[0]
