# What a sharded database costs: a statement of one shard, a merge of four, the coordinator, COPY, and memory.
import argparse
import json
import pathlib
import re
import socket
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pooler"))
import rig  # noqa: E402 - the rig of the pooler's benchmarks

SHARDS = 4
GROWTH = [1, 2, 4, 8, 16, 32]
SHAPES = [10, 100, 1_000, 10_000]
TABLE = "create table items (id bigint primary key, a int, b numeric(10, 2), t text)"
ROWS = "select g, (g * 7919) % 1000, g % 977, 'item ' || g from generate_series(1, {}) g"
ONE = "\\set id random(1, {rows})\nselect * from items where id = :id;\n"
MERGED = "select id, a from items order by id limit 20;\n"
SHAPED = "\\set id random(1, {rows})\n\\set shape random(1, {shapes})\nselect a as c:shape from items where id = :id;\n"
ACROSS = "select a, count(*), sum(b) from items group by a order by a;\n"


class Sharded:
    """A drover before some shards, their catalog and a coordinator, all databases of one server."""

    def __init__(self, folder, binary, postgres, shards=SHARDS):
        self.port, self.postgres, self.binary = rig.free_port(), postgres, binary
        names = [f"s{n}" for n in range(1, shards + 1)]
        for name in [*names, "catalog", "everything", "single"]:
            postgres_sql(postgres, "postgres", f"drop database if exists {name} with (force)")
            postgres_sql(postgres, "postgres", f"create database {name}")
        for name in names:
            postgres_sql(postgres, name, TABLE)
        entries = "".join(f'[databases.{name}]\nhost = "127.0.0.1"\nport = {postgres.port}\ndbname = "{name}"\n'
                          for name in [*names, "everything"])
        users = folder / "users.txt"
        listen = f'listen_addr = "127.0.0.1"\nlisten_port = {self.port}\nunix_socket_dir = ""'
        users.write_text(f'"{rig.USER}" "{rig.PASSWORD}"\n')
        self.file = folder / "drover.toml"
        self.file.write_text(
            f'[proxy]\n{listen}\nauth_type = "trust"\nauth_file = "{users}"\npool_mode = "transaction"\n'
            f'default_pool_size = {rig.POOL_SIZE}\n{entries}'
            f'[sharded.shop]\ncatalog = "host=127.0.0.1 port={postgres.port} user={rig.USER} dbname=catalog"\n'
            f'shards = [{", ".join(json.dumps(name) for name in names)}]\ncoordinator = "everything"\n')
        for words in (["shard", "init"], ["table", "shard", "items", "--key", "id"]):
            rig.run([binary, *words, "--config", self.file])
        self.process = subprocess.Popen([binary, "serve", self.file], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        rig.wait_for_port(self.port, self.process)
        time.sleep(3)  # the map and the catalogs

    cpu_seconds, resident_bytes, stop = rig.Proxy.cpu_seconds, rig.Proxy.resident_bytes, rig.Proxy.stop

    def peak_bytes(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) * 1024


def postgres_sql(postgres, database, sql):
    return rig.run(["psql", "-XAtqc", sql], env=rig.client_environment(postgres.port, database)).strip()


def pgbench(folder, port, database, script, seconds, clients=1, mode="simple"):
    """Transactions, and milliseconds of each."""
    file = folder / "script.sql"
    file.write_text(script)
    text = rig.run(["pgbench", "-n", "-f", file, "-c", str(clients), "-T", str(int(seconds)), "-M", mode],
                   env=rig.client_environment(port, database))
    return (int(re.search(r"actually processed: (\d+)", text)[1]),
            float(re.search(r"latency average = ([\d.]+)", text)[1]))


def cpu_of(proxy, folder, database, script, options, mode):
    """Microseconds of the proxy's processor time for a statement."""
    before = proxy.cpu_seconds()
    count, _ = pgbench(folder, proxy.port, database, script, options.seconds, clients=16, mode=mode)
    return (proxy.cpu_seconds() - before) / count * 1e6


def alternate(rounds, *measures):
    """Each in turn, so many times; the medians."""
    seen = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*seen)]


def cpu_of_all(proxy, folder, script, options, mode):
    """The same with a quarter of the clients on each shard by its own name: plain pooling of as many servers."""
    file = folder / "plain.sql"
    file.write_text(script)
    before = proxy.cpu_seconds()
    running = [subprocess.Popen(["pgbench", "-n", "-f", file, "-c", "4", "-T", str(int(options.seconds)), "-M", mode],
                                env=rig.client_environment(proxy.port, f"s{n}"), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for n in range(1, SHARDS + 1)]
    texts = [process.communicate()[0] for process in running]
    count = sum(int(re.search(r"actually processed: (\d+)", text)[1]) for text in texts)
    return (proxy.cpu_seconds() - before) / count * 1e6


def single_shard(proxy, folder, options):
    script = ONE.format(rows=options.rows)
    result = {}
    for mode in ("simple", "prepared"):
        plain, all_plain, sharded = alternate(options.rounds,
                                              lambda: cpu_of(proxy, folder, "s1", script, options, mode),
                                              lambda: cpu_of_all(proxy, folder, script, options, mode),
                                              lambda: cpu_of(proxy, folder, "shop", script, options, mode))
        result[mode] = {"plain_us": plain, "plain_of_all_us": all_plain, "sharded_us": sharded,
                        "ratio": sharded / plain, "ratio_of_all": sharded / all_plain}
    return result


def scatter(proxy, folder, options):
    def latency(database):
        return pgbench(folder, proxy.port, database, MERGED, options.seconds)[1]

    names = [f"s{n}" for n in range(1, SHARDS + 1)]
    measures = [*(lambda n=n: latency(n) for n in names), lambda: latency("shop")]
    if options.floor:
        measures.append(floor(proxy.postgres, folder, names, options.seconds))
    seen = alternate(options.rounds, *measures)
    slowest, merged = max(seen[:SHARDS]), seen[SHARDS]
    processor = cpu_of(proxy, folder, "shop", MERGED, options, "simple")
    result = {"slowest_shard_ms": slowest, "merged_ms": merged, "goal_ms": slowest * 1.2 + SHARDS * 0.020,
              "proxy_us": processor}
    return result | {"floor_ms": seen[-1]} if options.floor else result


def floor(postgres, folder, names, seconds):
    """Measures a program in C that asks all shards at the same time, without a proxy."""
    binary, source = folder / "floor", pathlib.Path(__file__).parent / "floor.c"
    include = rig.run(["pg_config", "--includedir"]).strip()
    rig.run(["gcc", "-O2", f"-I{include}", source, "-o", binary, "-lpq"])
    servers = [f"host=127.0.0.1 port={postgres.port} user={rig.USER} dbname={name}" for name in names]
    return lambda: float(rig.run([binary, str(seconds), MERGED.strip().rstrip(";"), *servers]))


def coordinator(proxy, postgres, folder, options):
    single, sharded = alternate(options.rounds,
                                lambda: pgbench(folder, postgres.port, "single", ACROSS, options.seconds)[1],
                                lambda: pgbench(folder, proxy.port, "shop", ACROSS, options.seconds)[1])
    return {"one_server_ms": single, "coordinator_ms": sharded, "ratio": sharded / single}


def growth(folder, binary, postgres, options):
    """What a statement costs by the number of shards, and by the number of shapes that statements have."""
    whole = folder / "items.txt"
    rig.run(["psql", "-XqAtc", f"\\copy ({ROWS.format(options.rows)}) to '{whole}'"],
            env=rig.client_environment(postgres.port, "postgres"))
    for shards in GROWTH:
        proxy = Sharded(folder, binary, postgres, shards)
        try:
            wait_all([load(proxy.port, "shop", whole)], 0)
            one, merged, latency = alternate(
                options.rounds,
                lambda: cpu_of(proxy, folder, "shop", ONE.format(rows=options.rows), options, "simple"),
                lambda: cpu_of(proxy, folder, "shop", MERGED, options, "simple"),
                lambda: pgbench(folder, proxy.port, "shop", MERGED, options.seconds)[1])
            yield {"shards": shards, "single_shard_us": one, "merged_us": merged, "merged_ms": latency,
                   "resident_mb": proxy.resident_bytes() / 1e6}
            if shards == SHARDS:
                for shapes in SHAPES:
                    script = SHAPED.format(rows=options.rows, shapes=shapes)
                    [cost] = alternate(options.rounds,
                                       lambda: cpu_of(proxy, folder, "shop", script, options, "simple"))
                    yield {"shapes": shapes, "single_shard_us": cost, "resident_mb": proxy.resident_bytes() / 1e6}
        finally:
            proxy.stop()


def load(port, database, file):
    return subprocess.Popen(["psql", "-XqAtc", f"\\copy items from '{file}'"],
                            env=rig.client_environment(port, database))


def wait_all(started, begin):
    for process in started:
        if process.wait() != 0:
            rig.fail("a COPY failed")
    return time.monotonic() - begin


def copy_in(proxy, postgres, folder, options):
    """Through the proxy, against four at once that have been divided before; leaves the rows loaded."""
    whole, parts = folder / "items.txt", [folder / f"items{n}.txt" for n in range(1, SHARDS + 1)]
    rig.run(["psql", "-XqAtc", f"\\copy ({ROWS.format(options.rows)}) to '{whole}'"],
            env=rig.client_environment(postgres.port, "postgres"))
    seen = {"through": [], "directly": []}
    for _ in range(options.rounds):
        clear(postgres)
        begin = time.monotonic()
        seen["through"].append(wait_all([load(proxy.port, "shop", whole)], begin))
        for n, part in enumerate(parts, 1):
            rig.run(["psql", "-XqAtc", f"\\copy items to '{part}'"],
                    env=rig.client_environment(postgres.port, f"s{n}"))
        clear(postgres)
        begin = time.monotonic()
        loads = [load(postgres.port, f"s{n}", part) for n, part in enumerate(parts, 1)]
        seen["directly"].append(wait_all(loads, begin))
    postgres_sql(postgres, "single", TABLE)
    wait_all([load(postgres.port, "single", whole)], 0)
    for name in [*(f"s{n}" for n in range(1, SHARDS + 1)), "single"]:
        postgres_sql(postgres, name, "vacuum analyze items")
    through, directly = (statistics.median(seen[name]) for name in ("through", "directly"))
    return {"through_s": through, "directly_s": directly, "rate": directly / through}


def clear(postgres):
    for n in range(1, SHARDS + 1):
        postgres_sql(postgres, f"s{n}", "truncate items")


def memory(proxy, postgres, options):
    """All rows of a large table in order, read as fast as they come by a client that keeps none."""
    for n in range(1, SHARDS + 1):
        rows = f"select g * {SHARDS} + {n}, g % 1000, 1, 'row' from generate_series(1, {options.sorted // SHARDS}) g"
        postgres_sql(postgres, f"s{n}", f"truncate items; insert into items {rows}; analyze items")
    before = proxy.resident_bytes()
    pathlib.Path(f"/proc/{proxy.process.pid}/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        body = struct.pack("!i", 196608) + f"user\0{rig.USER}\0database\0shop\0\0".encode()
        client.sendall(struct.pack("!i", len(body) + 4) + body)
        read_to_ready(client)
        sql = b"select id, a, t from items order by id\0"
        begin = time.monotonic()
        client.sendall(b"Q" + struct.pack("!i", len(sql) + 4) + sql)
        size, tail = read_to_ready(client)
        seconds = time.monotonic() - begin
    if f"SELECT {options.sorted // SHARDS * SHARDS}".encode() not in tail:
        rig.fail(f"not all rows came: {tail[-60:]}")
    return {"rows": options.sorted, "seconds": seconds, "bytes": size, "before_mb": before / 1e6,
            "peak_mb": proxy.peak_bytes() / 1e6}


def read_to_ready(client):
    size, tail = 0, b""
    while not tail.endswith(b"Z\0\0\0\x05I"):
        some = client.recv(1 << 20)
        if not some:
            rig.fail("the proxy closed the connection")
        size += len(some)
        tail = (tail + some)[-200:]
    return size, tail


def arguments():
    p = argparse.ArgumentParser(prog="bench/sharding/run", description=__doc__)
    p.add_argument("--seconds", type=float, default=4, help="length of one run of pgbench (whole seconds)")
    p.add_argument("--rounds", type=int, default=5, help="runs of each; medians are printed")
    p.add_argument("--rows", type=int, default=200_000, help="rows of the table")
    p.add_argument("--sorted", type=int, default=10_000_000, help="rows of the read whose memory is measured")
    p.add_argument("--floor", action="store_true",
                   help="also measure a program in C that asks the shards itself (needs gcc and libpq-dev)")
    p.add_argument("--growth", action="store_true", help="only how cost grows, to 32 shards and 10,000 shapes")
    p.add_argument("--drover", metavar="PATH", help="the drover to measure (default: publish one with NativeAOT)")
    p.add_argument("--postgres-bin", metavar="DIR", help="PostgreSQL's programs (default: the newest)")
    return p.parse_args()


def main():
    options = arguments()
    rig.install_packages()
    with rig.Folder() as folder:
        binary = str(pathlib.Path(options.drover or rig.publish_drover(folder)).resolve())
        settings = {"max_prepared_transactions": 100, "max_connections": 800}
        postgres = rig.Postgres(folder, rig.find_postgres(options.postgres_bin), settings, pgbench_scale=None)
        proxy = None
        try:
            if options.growth:
                for line in growth(folder, binary, postgres, options):
                    print(json.dumps(line), flush=True)
                return
            proxy = Sharded(folder, binary, postgres)
            for name, measure in (("copy_in", lambda: copy_in(proxy, postgres, folder, options)),
                                  ("single_shard", lambda: single_shard(proxy, folder, options)),
                                  ("scatter", lambda: scatter(proxy, folder, options)),
                                  ("coordinator", lambda: coordinator(proxy, postgres, folder, options)),
                                  ("memory", lambda: memory(proxy, postgres, options))):
                print(json.dumps({name: measure()}), flush=True)
        finally:
            if proxy:
                proxy.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
