# The measurements, one function each; every one interleaves what it compares and returns medians with their spread.
import json
import math
import random
import statistics
import time

import rig
from traffic import OpenLoop, longest, percentile

QUIET_SECONDS = 10
# The default throttle's batch and duty, for a session that only computes.
CONTROL_SECONDS, CONTROL_BATCH_MS, CONTROL_DUTY = 10, 25, 0.25
ROWS_PER_STATEMENT = 10_000
SINGLE_TRANSACTIONS = 1500
# How often reads ask for data of an age: as src/Drover.App/Demo/ShopTraffic.cs asks.
AGES = {"last 7 days": 0.78, "7 to 30 days": 0.18, "30 to 90 days": 0.03, "older": 0.01}


def middle(values):
    """Median, with the range that chance has given it."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}


def ratios(pairs):
    return middle([a / b for a, b in pairs])


def make_bare(shop, name):
    """A target like the one that the last conversion has made: its partitions, and the primary key alone."""
    bounds = shop.sql("select pg_get_expr(c.relpartbound, c.oid) "
                      "from pg_inherits i join pg_class c on c.oid = i.inhrelid "
                      "where i.inhparent = 'orders__drover_new'::regclass order by c.relname").splitlines()
    shop.sql(f"create table {name} (like orders including defaults) partition by range (created_at); "
             f"alter table {name} add primary key (id, created_at); "
             + "".join(f"create table {name}_{at} partition of {name} {bound}; " for at, bound in enumerate(bounds)))


def bare_insert(shop):
    """Rows per second of one INSERT … SELECT into such a target."""
    shop.sql("checkpoint")
    seconds = shop.seconds("insert into bare select * from orders")
    shop.sql("truncate bare")
    return shop.rows / seconds


def unthrottled(shop):
    """Rows per second of the copy step, and of the whole way to the gate."""
    shop.sql("checkpoint")
    started = time.monotonic()
    shop.start("--no-throttle")
    whole = time.monotonic() - started
    copy = shop.steps()["copy"]
    return copy["rows"] / (copy["end"] - copy["begin"]), shop.rows / whole


def copy(shop, options):
    """The copy beside a bare INSERT … SELECT."""
    shop.start("--no-throttle")
    make_bare(shop, "bare")
    shop.partition("abort")
    bare, drover, whole = [], [], []
    for _ in range(options.rounds):
        bare.append(bare_insert(shop))
        rate, all_of_it = unthrottled(shop)
        drover.append(rate)
        whole.append(all_of_it)
        shop.partition("abort")
    shop.sql("drop table bare")
    return {"rows": shop.rows, "bare_rows_per_second": middle(bare), "drover_rows_per_second": middle(drover),
            "drover_to_the_gate_rows_per_second": middle(whole), "ratio": ratios(zip(drover, bare))}


def partman(shop):
    """Rows per second of pg_partman's way, without its pauses, from a table of its own that it empties."""
    shop.sql("create table pm (like orders including defaults) partition by range (created_at); "
             "alter table pm add primary key (id, created_at); "
             "select partman.create_parent('public.pm', 'created_at', 'native', 'monthly', p_premake := 3, "
             "p_start_partition := (select min(created_at)::text from orders)); "
             "create table pm_source (like orders including defaults including indexes); "
             "insert into pm_source select * from orders; vacuum analyze pm_source; checkpoint")
    seconds = shop.seconds("call partman.partition_data_proc('public.pm', p_wait := 0, p_quiet := true, "
                           "p_source_table := 'public.pm_source')")
    moved = int(shop.sql("select count(*) from pm"))
    if moved != int(shop.sql("select count(*) from orders")):
        rig.fail(f"pg_partman moved {moved} rows")
    shop.sql("delete from partman.part_config where parent_table = 'public.pm'; drop table pm, pm_source cascade; "
             "drop table if exists partman.template_public_pm")
    return shop.rows / seconds


def repack(shop):
    """Rows per second of pg_repack: copies the table and builds its indexes, without partitions."""
    shop.sql("checkpoint")
    started = time.monotonic()
    rig.run([f"{shop.server.bin}/pg_repack", "-h", "127.0.0.1", "-p", str(shop.server.port), "-U", rig.USER,
             "-d", shop.database, "-t", "public.orders"], env=shop.environment())
    return shop.rows / (time.monotonic() - started)


def peers(shop, options):
    """Drover, a bare INSERT, pg_partman and pg_repack in turns."""
    shop.sql("create schema partman; create extension pg_partman schema partman; create extension pg_repack")
    shop.start("--no-throttle")
    make_bare(shop, "bare")
    shop.partition("abort")
    runs = {"bare_insert": [], "drover_copy": [], "drover_to_the_gate": [], "partman": [], "repack": []}
    for _ in range(options.rounds):
        runs["bare_insert"].append(bare_insert(shop))
        rate, whole = unthrottled(shop)
        runs["drover_copy"].append(rate)
        runs["drover_to_the_gate"].append(whole)
        shop.partition("abort")
        runs["partman"].append(partman(shop))
        runs["repack"].append(repack(shop))
    return {"rows": shop.rows, "rows_per_second": {name: middle(values) for name, values in runs.items()},
            "ratio_to_bare_insert": {name: ratios(zip(values, runs["bare_insert"])) for name, values in runs.items()}}


def compute(shop):
    """A session that touches no table, is at work as long as a batch, and rests as long as the default throttle."""
    rest = CONTROL_BATCH_MS / 1000 * (1 / CONTROL_DUTY - 1)
    shop.sql(f"""do $$ declare
        ends timestamptz := clock_timestamp() + interval '{CONTROL_SECONDS} s';
        began timestamptz;
        begin while clock_timestamp() < ends loop
            began := clock_timestamp();
            while clock_timestamp() < began + interval '{CONTROL_BATCH_MS} ms' loop
                perform sum(hashint4(n)) from generate_series(1, 2000) n;
            end loop;
            perform pg_sleep({rest});
        end loop; end $$""")


def throttle(shop, options, folder):
    """
    The application's 99th percentile while the table is converted with the default throttle, and without; and beside
    a session that only computes, at the same duty: what any work on this machine costs.
    """
    traffic = OpenLoop(shop, folder, options.rate, 32)

    def timed(action):
        begin = time.time()
        action()
        return begin, time.time()

    try:
        quiet, busy, control = [timed(lambda: time.sleep(QUIET_SECONDS))], [], []
        for _ in range(options.rounds):
            shop.start()
            busy.append(shop.steps())
            shop.partition("abort")
            quiet.append(timed(lambda: time.sleep(QUIET_SECONDS)))
            control.append(timed(lambda: compute(shop)))
            quiet.append(timed(lambda: time.sleep(QUIET_SECONDS)))
        samples = traffic.stop()
    finally:
        traffic.kill()
    # The first quiet seconds have the connections in them.
    normal = [percentile(samples, begin + 2, end, 0.99) for begin, end in quiet]

    def beside(spans, first):
        # Against the quiet time before and the one after: the machine's other work drifts.
        values = [percentile(samples, begin, end, 0.99) for begin, end in spans]
        pairs = [(value, (normal[2 * at + first] + normal[2 * at + first + 1]) / 2)
                 for at, value in enumerate(values) if value is not None]
        return {"p99_ms": middle([value for value, _ in pairs]), "ratio": ratios(pairs)}

    result = {"rows": shop.rows, "rate": options.rate, "normal_p99_ms": middle(normal)}
    phases = {"whole": ("create-target", "verify"), "copy": ("copy", "copy"),
              "indexes": ("build-indexes", "attach-indexes"), "analyze": ("analyze", "analyze"),
              "verification": ("verify", "verify")}
    for phase, (first, last) in phases.items():
        result[phase] = beside([(steps[first]["begin"], steps[last]["end"]) for steps in busy], 0)
    result["control"] = beside(control, 1)
    result["copy_rows_per_second"] = middle([s["copy"]["rows"] / (s["copy"]["end"] - s["copy"]["begin"]) for s in busy])
    return result


def cutover(shop, options, folder):
    """The longest wait of any client at the cut-over and at the rollback; beside it, in a like time without."""
    shop.start("--no-throttle")
    traffic = OpenLoop(shop, folder, options.cutover_rate, options.cutover_connections)
    try:
        marks = []
        time.sleep(3)
        for _ in range(options.rounds):
            for verb, step in (("cutover", "cut-over"), ("rollback", "cut-over-back")):
                begin = time.time()
                time.sleep(3)
                quiet = (begin, time.time())
                shop.partition(verb, *(["--no-throttle"] if verb == "rollback" else []))
                times = shop.steps()[step]
                marks.append((verb, quiet, (times["begin"], times["end"])))
                time.sleep(1)
        samples = traffic.stop()
    finally:
        traffic.kill()
    shop.partition("abort")
    result = {"rows": shop.rows, "rate": options.cutover_rate, "connections": options.cutover_connections,
              "transactions": len(samples)}
    for wanted in ("cutover", "rollback"):
        chosen = [mark for mark in marks if mark[0] == wanted]
        result[wanted] = {
            "longest_wait_ms": middle([longest(samples, *step) for _, _, step in chosen]),
            "longest_wait_without_ms": middle([longest(samples, *quiet) for _, quiet, _ in chosen]),
            "step_ms": middle([(end - begin) * 1000 for _, _, (begin, end) in chosen]),
        }
    return result


def verification(shop, options):
    """The exact comparison of both tables beside a count with a hash of one."""
    plain_sql = "select count(*), sum(hash_record_extended(o, 0)) from orders o"
    text_sql = "select count(*), sum(hashtextextended(o::text, 0)) from orders o"
    shop.start("--no-throttle")
    shop.sql("vacuum analyze orders; vacuum analyze orders__drover_new")
    plain, text, exact = [], [], []
    for _ in range(options.rounds):
        plain.append(shop.seconds(plain_sql))
        shop.partition("verify", "--no-throttle", "--batch-ms", "1000")
        exact.append(shop.step_seconds("verify-again"))
        text.append(shop.seconds(text_sql))
    shop.partition("abort")
    return {"rows": shop.rows, "plain_seconds": middle(plain), "plain_text_seconds": middle(text),
            "verify_seconds": middle(exact), "ratio": ratios(zip(exact, plain)),
            "ratio_to_text": ratios(zip(exact, text))}


def statement_ms(shop, sql):
    """The server's own time of a statement, its triggers included."""
    plan = json.loads(shop.sql(f"explain (analyze, timing off, format json) {sql}"))[0]
    return plan["Execution Time"]


def write_statements(shop, table):
    rows = ROWS_PER_STATEMENT
    newest = f"id > (select max(id) from {table}) - {rows}"
    return {
        "insert": f"insert into {table} (customer_id, product_id, status, total_amount) "
                  f"select 1 + n % {shop.customers}, 1 + n % {shop.products}, 'pending', 9.90 "
                  f"from generate_series(1, {rows}) n",
        "update": f"update {table} set status = 'shipped', updated_at = now() where {newest}",
        "delete": f"delete from {table} where {newest}",
    }


def single_writes(shop, folder, table):
    """Mean latency in µs of transactions of one row, one client, by kind."""
    result = {}
    for kind, text in {
        "insert": f"insert into {table} (customer_id, product_id, status, total_amount) "
                  "values (1, 1, 'pending', 9.90);",
        "update": f"\\set id random(1, {shop.rows})\nupdate {table} set status = 'shipped' where id = :id;",
        "delete": f"\\set id random(1, {shop.rows})\ndelete from {table} where id = :id;",
    }.items():
        script = folder / f"{kind}.sql"
        script.write_text(text + "\n", encoding="utf-8")
        said = rig.run(["pgbench", "-n", "-M", "prepared", "-c", "1", "-t", str(SINGLE_TRANSACTIONS), "-f", script],
                       env=shop.environment())
        result[kind] = float(said.split("latency average = ")[1].split()[0]) * 1000
    return result


def triggers(shop, options, folder):
    """What a write costs with the mirror on its table, and without."""
    shop.start("--no-throttle")
    shop.sql("create table plain (like orders including all); insert into plain select * from orders; "
             "alter table plain add foreign key (customer_id) references customers, "
             "add foreign key (product_id) references products; vacuum analyze plain")
    bulk = {(table, kind): [] for table in ("plain", "orders") for kind in ("insert", "update", "delete")}
    single = {key: [] for key in bulk}
    for _ in range(options.rounds):
        for table in ("plain", "orders"):
            for kind, sql in write_statements(shop, table).items():
                bulk[table, kind].append(statement_ms(shop, sql) * 1000 / ROWS_PER_STATEMENT)
        for table in ("plain", "orders"):
            for kind, latency in single_writes(shop, folder, table).items():
                single[table, kind].append(latency)
    shop.sql("drop table plain")
    shop.partition("abort")
    result = {"rows": shop.rows}
    for name, runs in (("per_row_in_bulk", bulk), ("single_row_transaction", single)):
        result[name] = {kind: {"plain_us": middle(runs["plain", kind]), "mirrored_us": middle(runs["orders", kind]),
                               "ratio": ratios(zip(runs["orders", kind], runs["plain", kind]))}
                        for kind in ("insert", "update", "delete")}
    return result


def growth_of(shop):
    """Seconds of the parts of one conversion, up to the gate."""
    shop.start("--no-throttle")
    steps = shop.steps()
    parts = {"copy": ("copy",), "indexes": ("build-indexes", "attach-indexes"), "verification": ("verify",)}
    seconds = {part: sum(steps[name]["end"] - steps[name]["begin"] for name in names) for part, names in parts.items()}
    seconds["whole"] = max(s["end"] or 0 for s in steps.values()) - min(s["begin"] for s in steps.values())
    return {"rows": shop.rows, "seconds": seconds}


def exponent(points, part):
    """The slope of log(seconds) over log(rows): 1 is linear."""
    xs = [math.log(p["rows"]) for p in points]
    ys = [math.log(p["seconds"][part]) for p in points]
    mx, my = statistics.mean(xs), statistics.mean(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)


def queries(shop, options):
    """The dashboard and the reads by age, on the old and on the new table in turns; the server's own times."""
    shop.start("--no-throttle")
    shop.partition("cutover")
    shop.sql("vacuum analyze orders; vacuum analyze orders__drover_old")
    chance = random.Random(1)
    runs = {}
    for at in range(options.query_rounds):
        # Skewed towards the first customers, as the shop's rows are.
        customer = 1 + int(shop.customers * chance.random() ** 2 * 0.999)
        number = 1 + chance.randrange(shop.rows)
        for name, sql in query_texts(customer, number).items():
            if name == "dashboard" and at >= options.dashboard_rounds:
                continue
            for table in ("orders__drover_old", "orders"):
                runs.setdefault((name, table), []).append(explain(shop, sql.replace("{orders}", table)))
    result = {"rows": shop.rows, "queries": {}}
    for name in query_texts(1, 1):
        before, after = runs[name, "orders__drover_old"], runs[name, "orders"]
        result["queries"][name] = {
            "before": summary(before), "after": summary(after),
            "ratio": statistics.median(r["ms"] for r in after) / statistics.median(r["ms"] for r in before)}
    result["age_profile"] = {f"{at}_ms": sum(share * result["queries"][name][at]["average_ms"]
                                             for name, share in AGES.items()) for at in ("before", "after")}
    return result


def query_texts(customer, number):
    """As src/Drover.App/Demo/ShopTraffic.cs asks them."""
    texts = {"dashboard": """
        select o.id, o.status, o.total_amount, o.created_at, c.name, p.name, s.name
        from {orders} o join customers c on c.id = o.customer_id
            join products p on p.id = o.product_id join sellers s on s.id = p.seller_id
        where o.created_at >= now() - interval '90 days' and o.status in ('pending', 'processing')
        order by o.created_at desc limit 100"""}
    for name, (young, old) in {"last 7 days": (-1, 7), "7 to 30 days": (7, 30), "30 to 90 days": (30, 90),
                               "older": (90, 1095)}.items():
        texts[name] = (f"select id, status, total_amount, created_at from {{orders}} where customer_id = {customer} "
                       f"and created_at >= now() - interval '{old} days' "
                       f"and created_at < now() - interval '{young} days' "
                       "order by created_at desc limit 20")
    texts["one order by id alone"] = f"select * from {{orders}} where id = {number}"
    return texts


def explain(shop, sql):
    """What one execution took and read; of two in a session, since the first reads the partitions' catalogs."""
    twice = f"explain (analyze, buffers, timing off, format json) {sql};\n" * 2
    text = shop.sql(twice)
    plan = json.loads(text[text.rindex("\n[\n"):])[0]
    root, relations = plan["Plan"], set()

    def gather(node):
        if node.get("Actual Loops", 0) > 0 and node.get("Relation Name", "").startswith("orders"):
            relations.add(node["Relation Name"])
        for child in node.get("Plans", []):
            gather(child)

    gather(root)
    return {"ms": plan["Planning Time"] + plan["Execution Time"], "relations": len(relations),
            "pages": root["Shared Hit Blocks"] + root["Shared Read Blocks"]}


def summary(runs):
    times = sorted(r["ms"] for r in runs)
    return {"average_ms": statistics.mean(times), "median_ms": statistics.median(times),
            "p95_ms": times[min(len(times) - 1, int(len(times) * 0.95))],
            "pages": statistics.median(r["pages"] for r in runs),
            "relations": statistics.median(r["relations"] for r in runs)}
