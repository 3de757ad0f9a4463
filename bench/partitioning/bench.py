# Runs the measurements of a conversion on one machine in one run; prints ratios, or everything as JSON.
import argparse
import json
import os
import shutil
import sys

import measures
import rig
from stage import ORDERS_AT_SCALE_1, Shop, load_average, say, start_server

DESCRIPTION = "Measures the conversion of the demo's orders: drover partition beside what else could do it."
POSTGRES_15 = "/usr/lib/postgresql/15/bin"
SECTIONS = ("copy", "peers", "throttle", "cutover", "verify", "triggers", "growth", "queries")


def arguments():
    p = argparse.ArgumentParser(prog="bench/partitioning/run", description=DESCRIPTION)
    p.add_argument("--only", default=",".join(SECTIONS), help="measurements, with commas: " + ", ".join(SECTIONS))
    p.add_argument("--rows", type=int, default=1_000_000, help="rows of orders, but for growth and queries")
    p.add_argument("--rounds", type=int, default=5, help="runs of each thing that is compared; medians are printed")
    p.add_argument("--rate", type=int, default=200, help="transactions a second beside the throttled conversion")
    p.add_argument("--cutover-rate", type=int, default=1000, help="transactions a second at the cut-over")
    p.add_argument("--cutover-connections", type=int, default=20, help="server connections of those: a pool's")
    p.add_argument("--grow", default="1,5,10", help="millions of rows whose conversions show the growth; 1,5,20,50 "
                                                    "takes an hour")
    p.add_argument("--scales", default="1,25", help="sizes of the demo's data at which the queries are measured")
    p.add_argument("--query-rounds", type=int, default=200, help="runs of each read on each table")
    p.add_argument("--dashboard-rounds", type=int, default=25, help="of them, runs of the dashboard")
    p.add_argument("--fsync", action="store_true", help="PostgreSQL waits for the disk, as it does by default")
    p.add_argument("--drover", metavar="PATH", help="the drover to measure (default: publish one with NativeAOT)")
    p.add_argument("--postgres-bin", metavar="DIR", help="PostgreSQL's programs (default: the newest)")
    p.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    return p.parse_args()


def install_peers():
    """pg_partman and pg_repack from Debian, for its PostgreSQL 15."""
    shared = "/usr/share/postgresql/15/extension"
    wanted = {"postgresql-15": f"{POSTGRES_15}/postgres", "postgresql-15-partman": f"{shared}/pg_partman.control",
              "postgresql-15-repack": f"{shared}/pg_repack.control"}
    missing = [package for package, path in wanted.items() if not os.path.exists(path)]
    if missing and os.geteuid() != 0:
        rig.fail(f"missing: apt-get install {' '.join(missing)}; or leave peers out with --only")
    if missing:
        rig.run(["apt-get", "install", "-y", "-qq", *missing], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def measure(section, server, drover, folder, options):
    """One section, in databases of its own that are dropped again."""
    if section in ("growth", "queries"):
        sizes = [round(float(s) * 1e6) for s in options.grow.split(",")] if section == "growth" \
            else [round(float(s) * ORDERS_AT_SCALE_1) for s in options.scales.split(",")]
        points = []
        for rows in sizes:
            shop = Shop(server, drover, rows)
            points.append(measures.growth_of(shop) if section == "growth" else measures.queries(shop, options))
            shop.drop()
        if section == "queries":
            return {"sizes": points}
        fits = {part: measures.exponent(points, part) for part in points[0]["seconds"]} if len(points) > 1 else {}
        return {"points": points, "exponent": fits}
    shop = Shop(server, drover, options.rows)
    result = {
        "copy": lambda: measures.copy(shop, options),
        "peers": lambda: measures.peers(shop, options),
        "throttle": lambda: measures.throttle(shop, options, folder),
        "cutover": lambda: measures.cutover(shop, options, folder),
        "verify": lambda: measures.verification(shop, options),
        "triggers": lambda: measures.triggers(shop, options, folder),
    }[section]()
    shop.drop()
    return result


def number(figure, form=".2f"):
    return f"{figure['median']:{form}} ({figure['min']:{form}} to {figure['max']:{form}}, {figure['runs']} runs)"


def lines(section, result):
    """What a person reads of a section."""
    if section == "copy":
        yield f"copy: {number(result['drover_rows_per_second'], ',.0f')} rows/s"
        yield f"bare INSERT … SELECT: {number(result['bare_rows_per_second'], ',.0f')} rows/s"
        yield f"ratio: {number(result['ratio'])}; goal at least 0.7"
    elif section == "peers":
        for name, figure in result["rows_per_second"].items():
            share = result["ratio_to_bare_insert"][name]["median"]
            yield f"{name:20} {number(figure, ',.0f')} rows/s, {share:.2f} of bare"
    elif section == "throttle":
        yield f"p99 normally {number(result['normal_p99_ms'])} ms at {result['rate']}/s; goal: at most 1.25 of it"
        for phase in ("whole", "copy", "indexes", "analyze", "verification", "control"):
            yield f"{phase:20} {number(result[phase]['p99_ms'])} ms, ratio {number(result[phase]['ratio'])}"
        yield f"copy: {number(result['copy_rows_per_second'], ',.0f')} rows/s"
    elif section == "cutover":
        for verb in ("cutover", "rollback"):
            figures = result[verb]
            yield (f"{verb}: longest wait {number(figures['longest_wait_ms'], '.0f')} ms at {result['rate']}/s; "
                   f"in 3 s without it {number(figures['longest_wait_without_ms'], '.0f')} ms; goal under 500")
    elif section == "verify":
        yield f"ratio to count(*), sum(hash_record_extended): {number(result['ratio'])}; goal at most 3"
        yield f"ratio to count(*), sum(hashtextextended(row::text)): {number(result['ratio_to_text'])}"
    elif section == "triggers":
        for name in ("per_row_in_bulk", "single_row_transaction"):
            for kind, figure in result[name].items():
                yield (f"{name:24} {kind}: {number(figure['plain_us'], '.1f')} µs, mirrored "
                       f"{number(figure['mirrored_us'], '.1f')} µs, ratio {number(figure['ratio'])}")
    elif section == "growth":
        parts = list(result["points"][0]["seconds"])
        yield f"{'seconds per million':>20}" + "".join(f"{part:>14}" for part in parts)
        for point in result["points"]:
            yield f"{point['rows']:>15,} rows" + "".join(
                f"{point['seconds'][part] / point['rows'] * 1e6:>14.2f}" for part in parts)
        if result["exponent"]:
            yield f"{'exponent, goal 1':>20}" + "".join(f"{result['exponent'][part]:>14.2f}" for part in parts)
    else:
        for size in result["sizes"]:
            yield (f"{size['rows']:>14,} rows" + "".join(f"{f'{at}: ms':>14}{'p95':>9}{'pages':>9}{'tables':>7}"
                                                   for at in ("before", "after")) + f"{'ratio':>8}")
            for name, q in size["queries"].items():
                yield f"{name:>19}" + "".join(
                    f"{q[at]['median_ms']:>14.2f}{q[at]['p95_ms']:>9.2f}{q[at]['pages']:>9,.0f}"
                    f"{q[at]['relations']:>7.0f}" for at in ("before", "after")) + f"{q['ratio']:>8.2f}"
            mix = size["age_profile"]
            yield (f"{'mean by age profile':>19}{mix['before_ms']:>14.2f}{mix['after_ms']:>39.2f}"
                   f"{mix['after_ms'] / mix['before_ms']:>33.2f}")


def main():
    options = arguments()
    wanted = options.only.split(",")
    unknown = set(wanted) - set(SECTIONS)
    if unknown:
        rig.fail(f"no such measurement: {', '.join(unknown)}")
    if not shutil.which("pgbench") or not shutil.which("psql"):
        rig.install_packages()
    if "peers" in wanted:
        install_peers()
    results = {"processors": os.cpu_count(), "rounds": options.rounds, "fsync": options.fsync, "measurements": {}}
    with rig.Folder() as folder:
        drover = os.path.abspath(options.drover) if options.drover else rig.publish_drover(folder)
        for section in wanted:
            bin_folder = POSTGRES_15 if section == "peers" else rig.find_postgres(options.postgres_bin)
            server = start_server(folder, bin_folder, options)
            try:
                say(f"{section}, PostgreSQL {server.version}, load {load_average():.1f}")
                result = measure(section, server, drover, folder, options)
            finally:
                server.stop()
            result.update(postgres=server.version, load_after=load_average())
            results["measurements"][section] = result
            for line in lines(section, result):
                print(f"  {line}", file=sys.stderr if options.json else sys.stdout, flush=True)
    if options.json:
        json.dump(results, sys.stdout, indent=1)
        print()


main()
