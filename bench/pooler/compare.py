# Compares two proxies under pgbench in rounds of A, B, A, B, …; prints medians and their ratios.
import argparse
import json
import os
import re
import statistics
import subprocess
import sys

import rig

DESCRIPTION = "Compares drover with PgBouncer, or two builds of drover, under pgbench -S, interleaved."
MODES = ("simple", "extended", "prepared")


def arguments():
    p = argparse.ArgumentParser(prog="bench/pooler/run", description=DESCRIPTION)
    p.add_argument("--seconds", type=float, default=4, help="length of one run of pgbench (whole seconds)")
    p.add_argument("--rounds", type=int, default=5, help="runs of each proxy per combination; medians are printed")
    p.add_argument("--clients", default="1,16,64", help="numbers of clients")
    p.add_argument("--modes", default=",".join(MODES), help="pgbench's protocols: simple, extended, prepared")
    p.add_argument("--auth", default="trust", choices=("trust", "scram-sha-256"), help="how clients log in")
    p.add_argument("--drover", metavar="PATH", help="the drover to measure (default: publish one with NativeAOT)")
    p.add_argument("--vs", default="pgbouncer", metavar="PATH", help="pgbouncer, or another drover to compare with")
    p.add_argument("--tls", action="store_true", help="clients connect with TLS")
    p.add_argument("--postgres-bin", metavar="DIR", help="PostgreSQL's programs (default: the newest)")
    p.add_argument("--floor", action="store_true", help="also measure a relay in C that does nothing else (needs gcc)")
    p.add_argument("--uring", action="store_true", help="also measure that relay over io_uring (needs liburing-dev)")
    p.add_argument("--pin", action="store_true", help="run everything on one processor: less noise")
    p.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    return p.parse_args()


def measure(proxy, port, mode, clients, options):
    """One run of pgbench: queries per second, mean latency in ms, the proxy's processor time per query in µs."""
    before = proxy.cpu_seconds() if proxy else 0
    command = ["pgbench", "-n", "-S", "-M", mode, "-c", str(clients), "-j", "1" if clients == 1 else "2",
               "-T", str(max(1, round(options.seconds)))]
    environment = rig.client_environment(port, sslmode="require" if options.tls and proxy else "disable")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    processed = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode != 0 or not processed or int(processed.group(1)) == 0:
        lines = done.stderr.strip().splitlines() or ["no transactions"]
        return {"error": next((line for line in lines if "ERROR" in line), lines[-1])}
    queries = int(processed.group(1))
    cpu = (proxy.cpu_seconds() - before) / queries * 1e6 if proxy else None
    return {"per_second": float(re.search(r"tps = ([\d.]+)", done.stdout).group(1)),
            "latency_ms": float(re.search(r"latency average = ([\d.]+)", done.stdout).group(1)), "cpu_us": cpu}


def median(runs, field):
    values = [r[field] for r in runs if r.get(field) is not None]
    return statistics.median(values) if values else None


def spread(runs, field):
    """How far the runs of one proxy lie apart, as (max - min) / median: what a ratio may owe to chance."""
    values = [r[field] for r in runs if r.get(field) is not None]
    return (max(values) - min(values)) / statistics.median(values) if values else None


def combination(proxies, postgres, mode, clients, options):
    runs = {name: [] for name in proxies}
    for _ in range(options.rounds):
        for name, proxy in proxies.items():
            runs[name].append(measure(proxy, proxy.port if proxy else postgres.port, mode, clients, options))
    row = {"mode": mode, "clients": clients}
    for name, all_runs in runs.items():
        errors = [r["error"] for r in all_runs if "error" in r]
        row[name] = {"error": errors[0]} if errors else {
            field: median(all_runs, field) for field in ("per_second", "latency_ms", "cpu_us")}
        if not errors:
            row[name]["spread"] = spread(all_runs, "per_second")
            row[name]["cpu_spread"] = spread(all_runs, "cpu_us")
    names = list(proxies)
    row["ratio"] = ratios(row[names[0]], row[names[1]])
    for name in names[2:]:
        row[name]["ratio"] = ratios(row[name], row[names[1]])
    return row


def ratios(a, b):
    return {f: a[f] / b[f] for f in ("per_second", "latency_ms", "cpu_us")
            if "error" not in a and "error" not in b and a[f] is not None and b[f]}


def cell(row, name, field, form):
    value = row[name].get(field)
    return format(value, form) if value is not None else "-"


def show(rows, names, file):
    head = f"{'mode':9}{'clients':>8}"
    for name in names:
        head += f" | {name[:12] + ' q/s':>16}{'ms':>8}{'cpu us':>8}"
    print(head + f" | {'q/s ratio':>10}{'ms ratio':>9}{'cpu ratio':>10}", file=file)
    for row in rows:
        line = f"{row['mode']:9}{row['clients']:8}"
        for name in names:
            line += f" | {cell(row, name, 'per_second', '.0f'):>16}{cell(row, name, 'latency_ms', '.3f'):>8}"
            line += f"{cell(row, name, 'cpu_us', '.2f'):>8}"
        ratio = [f"{row['ratio'][f]:.2f}" if f in row["ratio"] else "-" for f in ("per_second", "latency_ms", "cpu_us")]
        floors = "".join(f" | {name} {row[name]['ratio'].get('cpu_us', float('nan')):.2f}"
                         for name in names[2:] if row[name].get("cpu_us"))
        print(line + f" | {ratio[0]:>10}{ratio[1]:>9}{ratio[2]:>10}{floors}", file=file)
    for row in rows:
        for name in names:
            if "error" in row[name]:
                print(f"{row['mode']}, {row['clients']} clients, {name}: {row[name]['error']}", file=file)
    noise = [row[n]["cpu_spread"] for row in rows for n in names[:2] if row[n].get("cpu_spread")]
    if noise:
        middle = statistics.median(noise)
        print(f"noise: within one proxy, processor time per query varies by {max(noise):.0%} at most, {middle:.0%} in "
              "the middle (max - min over median)", file=file)


def main():
    options = arguments()
    rig.install_packages()
    if options.pin:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with rig.Folder() as folder:
        binary = options.drover or rig.publish_drover(folder)
        first = "pgbouncer" if binary == "pgbouncer" else "drover"
        second = "pgbouncer" if options.vs == "pgbouncer" else "other drover"
        if first == second:
            second += " again"
        postgres = rig.Postgres(folder, rig.find_postgres(options.postgres_bin))
        proxies = {}
        try:
            tls = rig.make_certificate(folder) if options.tls else None
            for name, program in ((first, binary), (second, options.vs)):
                proxies[name] = rig.program(folder, name, program, postgres.port, options.auth, tls=tls)
            for name, wanted in (("floor", options.floor), ("uring", options.uring)):
                if wanted:
                    proxies[name] = rig.Relay(name, folder, postgres.port, uring=name == "uring")
            print(f"PostgreSQL {postgres.version}, {os.cpu_count()} processors, pool of {rig.POOL_SIZE}, "
                  f"{options.rounds} rounds of {options.seconds:g} s, tls {'on' if tls else 'off'}",
                  file=sys.stderr, flush=True)
            rows = []
            for mode in options.modes.split(","):
                # PgBouncer before 1.21 has no prepared statements in transaction mode: drover is compared with none.
                measured = {**proxies, "direct": None} if mode == "prepared" else proxies
                for clients in map(int, options.clients.split(",")):
                    rows.append(combination(measured, postgres, mode, clients, options))
                    if not options.json:
                        show(rows[-1:], list(measured), sys.stderr)
            result = {"postgres": postgres.version, "processors": os.cpu_count(), "pool_size": rig.POOL_SIZE,
                      "rounds": options.rounds, "seconds": options.seconds, "tls": options.tls, "rows": rows}
        finally:
            for proxy in proxies.values():
                proxy.stop()
            postgres.stop()
    if options.json:
        json.dump(result, sys.stdout, indent=1)
        print()
    else:
        for names, chosen in ((list(proxies), [r for r in rows if r["mode"] != "prepared"]),
                              ([*proxies, "direct"], [r for r in rows if r["mode"] == "prepared"])):
            if chosen:
                print()
                show(chosen, names, sys.stdout)


main()
