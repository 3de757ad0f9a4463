# The suites: from which packages they come, how each is run, and how its results are read.
import json
import os
import pathlib
import re
import shutil
import subprocess

import targets

GO = pathlib.Path("/usr/share/gocode/src")


class Suite:
    """One driver's own tests. A result is a map of test to passed, failed or skipped."""

    name = ""
    packages = ()
    limit_s = 900

    def prepare(self, folder, postgres):
        """Once, before the runs: sources laid out, built where that is needed."""

    def set_up(self, postgres, database):
        """Before each run, in a new database, straight."""

    def run(self, folder, port, database):
        raise NotImplementedError

    def execute(self, command, folder, environment, log):
        with open(log, "w", encoding="utf-8") as out:
            try:
                subprocess.run(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False,
                               timeout=self.limit_s)
            except subprocess.TimeoutExpired:
                out.write("\nout of time\n")
        return pathlib.Path(log).read_text(encoding="utf-8", errors="replace")


class GoSuite(Suite):
    """Debian ships Go libraries as sources with their tests."""

    paths = ()
    skip = ""

    def prepare(self, folder, postgres):
        for path in self.paths:
            shutil.copytree(GO / path, folder / "src" / path, dirs_exist_ok=True)

    def variables(self, port, database):
        raise NotImplementedError

    def run(self, folder, port, database):
        environment = {**targets.environment(port, database), **self.variables(port, database), "GO111MODULE": "off",
                       "GOPATH": f"{folder}:/usr/share/gocode", "GOCACHE": "/tmp/drover-suites-go", "GOFLAGS": ""}
        results = {}
        for path in self.paths:
            command = ["go", "test", "-json", "-count=1", "-p=1", "-timeout=120s", "./..."]
            log = folder / f"{path.replace('/', '_')}-{database}.log"
            text = self.execute(command, folder / "src" / path, environment, log)
            for line in text.splitlines():
                if line.startswith("{"):
                    event = json.loads(line)
                    if "Test" in event and event["Action"] in ("pass", "fail", "skip"):
                        package = re.sub(r"^.*/(jackc|lib)/", "", event["Package"])
                        results[f"{package}.{event['Test']}"] = \
                            {"pass": "passed", "fail": "failed", "skip": "skipped"}[event["Action"]]
        return results


class LibPq(GoSuite):
    name = "lib/pq"
    packages = ("golang-go", "golang-github-lib-pq-dev")
    paths = ("github.com/lib/pq",)

    def variables(self, port, database):
        return {"PQTEST_BINARY_PARAMETERS": "no"}


class Pgx(GoSuite):
    name = "pgx"
    packages = ("golang-go", "golang-github-jackc-pgx-v4-dev")
    # Of pgconn and pgx, what can be built with Debian's packages.
    paths = ("github.com/jackc/pgconn", "github.com/jackc/pgx/v4")

    def set_up(self, postgres, database):
        postgres.sql("create extension hstore; create extension ltree; create domain uint64 as numeric(20,0)", database)

    def variables(self, port, database):
        words = f"host=127.0.0.1 port={port} user={targets.USER} database={database} sslmode=disable"
        return {"PGX_TEST_DATABASE": words, "PGX_TEST_CONN_STRING": words, "PGX_TEST_TCP_CONN_STRING": words}


class SqlAlchemy(Suite):
    """The compliance suite that SQLAlchemy ships for dialects, over one driver."""

    driver = ""
    packages = ("python3-sqlalchemy", "python3-pytest", "python3-psycopg2", "python3-asyncpg")

    def prepare(self, folder, postgres):
        (folder / "conftest.py").write_text(
            "import pytest\npytest.register_assert_rewrite('sqlalchemy.testing.assertions')\n"
            "from sqlalchemy.testing.plugin.pytestplugin import *\n")
        (folder / "test_suite.py").write_text("from sqlalchemy.testing.suite import *\n")
        (folder / "setup.cfg").write_text(
            "[tool:pytest]\naddopts = --tb=short -rA -q -p no:warnings -p no:cacheprovider --maxfail=100000\n"
            "python_files = test_*.py\n[sqla_testing]\n"
            "requirement_cls = sqlalchemy.testing.requirements:SuiteRequirements\nprofile_file = profiles.txt\n")

    def set_up(self, postgres, database):
        postgres.sql("create schema test_schema; create schema test_schema_2; create extension hstore", database)

    def run(self, folder, port, database):
        address = f"postgresql+{self.driver}://{targets.USER}@127.0.0.1:{port}/{database}"
        text = self.execute(["/usr/bin/python3", "-m", "pytest", "--dburi", address], folder,
                            targets.environment(port, database), folder / f"{self.driver}-{database}.log")
        return pytest_results(text)


class SqlAlchemyPsycopg2(SqlAlchemy):
    name = "SQLAlchemy, psycopg2"
    driver = "psycopg2"


class SqlAlchemyAsyncpg(SqlAlchemy):
    name = "SQLAlchemy, asyncpg"
    driver = "asyncpg"


class Npm(Suite):
    """Packages of node-postgres whose releases carry their tests."""

    name = "node-postgres"
    packages = ()
    wanted = {"pg": "8.13.1", "mocha": "7.1.2", "expect.js": "0.3.1", "co": "4.6.0", "lodash": "4.17.21",
              "bluebird": "3.4.1"}
    tested = {"pg-pool": "3.6.1", "pg-cursor": "2.0.0"}

    def prepare(self, folder, postgres):
        (folder / "package.json").write_text(json.dumps({"private": True,
                                                         "dependencies": {**self.wanted, **self.tested}}))
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder,
                       check=True)

    def run(self, folder, port, database):
        results = {}
        for package in self.tested:
            own = folder / "node_modules" / package
            text = self.execute(["node", folder / "node_modules/mocha/bin/mocha", "--reporter", "json", "--exit",
                                 "--timeout", "20000"], own, targets.environment(port, database),
                                folder / f"{package}-{database}.log")
            start = text.find('{\n  "stats"')
            report = json.loads(text[start:]) if start >= 0 else {}
            for kind, word in (("passes", "passed"), ("failures", "failed"), ("pending", "skipped")):
                for test in report.get(kind, []):
                    results[f"{package}: {test['fullTitle']}"] = word
        return results


def pytest_results(text):
    words = {"PASSED": "passed", "FAILED": "failed", "ERROR": "failed", "SKIPPED": "skipped", "XFAIL": "passed"}
    results = {}
    for word, test in re.findall(r"^(PASSED|FAILED|ERROR|XFAIL) (\S+::\S+)", text, re.M):
        test = re.sub(r"_postgresql\+\w+_[\d_]+", "", test.removeprefix("test_suite.py::"))
        if results.get(test) != "failed":
            results[test] = words[word]
    return results


ALL = (LibPq, Pgx, SqlAlchemyPsycopg2, SqlAlchemyAsyncpg, Npm)


def install(packages):
    missing = [p for p in packages if subprocess.run(["dpkg", "-s", p], capture_output=True, check=False).returncode]
    if missing:
        subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], check=True,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.DEVNULL)
