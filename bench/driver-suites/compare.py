# Runs each suite against each target and tells which tests come out otherwise than straight to PostgreSQL.
import argparse
import json
import pathlib
import signal
import sys

import suites
import targets
from targets import rig

HERE = pathlib.Path(__file__).resolve().parent


def expected():
    """Differences that are known: suite, test, reason, between tabs."""
    lines = (HERE / "expected.txt").read_text(encoding="utf-8").splitlines()
    known = {}
    for line in lines:
        if line and not line.startswith("#"):
            suite, test, reason = line.split("\t")
            known[(suite, test)] = reason
    return known


def counts(results):
    words = list(results.values())
    return f"{words.count('passed')} passed, {words.count('failed')} failed, {words.count('skipped')} skipped"


def compare(suite, folder, postgres, proxies, known):
    """Runs one suite everywhere. Gives how many differences through Drover nobody expects."""
    suites.install(suite.packages)
    own = folder / suite.name.replace("/", "_").replace(", ", "_").replace(" ", "_")
    own.mkdir()
    suite.prepare(own, postgres)
    outcome = {}
    for target, port in (("straight", postgres.port), *((name, proxy.port) for name, proxy in proxies.items())):
        database = f"{own.name}_{target}".lower()
        postgres.sql(f'create database "{database}"')
        suite.set_up(postgres, database)
        outcome[target] = suite.run(own, port, database)
        print(f"{suite.name:24} {target:10} {counts(outcome[target])}", flush=True)
    straight = {test for test, word in outcome["straight"].items() if word == "passed"}
    unexpected = 0
    for name in proxies:
        lost = sorted(test for test in straight if outcome[name].get(test) != "passed")
        print(f"{suite.name:24} {name:10} {len(straight) - len(lost)} of {len(straight)} as straight", flush=True)
        for test in lost if name == "drover" else ():
            reason = known.get((suite.name, test))
            unexpected += reason is None
            word = outcome[name].get(test, "not run")
            print(f"    {'expected' if reason else 'UNEXPECTED'}: {test}: {word}{': ' + reason if reason else ''}")
    (own / "results.json").write_text(json.dumps(outcome, indent=1))
    return unexpected


def main():
    parser = argparse.ArgumentParser(description=__doc__ or "Runs drivers' own test suites through a proxy.")
    parser.add_argument("--drover", help="path of a drover; without it, one is compiled ahead of time")
    parser.add_argument("--postgres-bin", default="/usr/lib/postgresql/15/bin", help="folder of PostgreSQL's programs")
    parser.add_argument("--pgbouncer", action="store_true", help="also through PgBouncer")
    parser.add_argument("--keep", help="folder for sources and logs, which stays")
    parser.add_argument("suites", nargs="*", help="names, or parts of them; without, all")
    options = parser.parse_args()
    # What was started is stopped in any case.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = [make() for make in suites.ALL if not options.suites or any(word in make.name for word in options.suites)]
    if options.keep:
        folder = pathlib.Path(options.keep)
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        return run(options, wanted, folder)
    with rig.Folder() as folder:
        return run(options, wanted, folder)


def run(options, wanted, folder):
    drover = options.drover or rig.publish_drover(folder)
    postgres = targets.Postgres(folder, options.postgres_bin)
    proxies = {}
    try:
        command = [drover, "serve", "--pgbouncer-ini", "{ini}"]
        command = ["dotnet", *command] if drover.endswith(".dll") else command
        proxies["drover"] = targets.Proxy("drover", folder, command, postgres.port, as_root=True)
        if options.pgbouncer:
            # Without this line it refuses the logins; Drover serves such parameters.
            ignore = "ignore_startup_parameters = extra_float_digits,options,search_path,intervalstyle"
            proxies["pgbouncer"] = targets.Proxy("pgbouncer", folder, [rig.PGBOUNCER, "-q", "{ini}"], postgres.port,
                                                 as_root=False, more=[ignore])
        known = expected()
        unexpected = sum(compare(suite, folder, postgres, proxies, known) for suite in wanted)
    finally:
        for proxy in proxies.values():
            proxy.stop()
        postgres.stop()
    print(f"{unexpected} unexpected differences through Drover")
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
