# The slow query of the story, straight and from its materialized view, and what the view's refresh costs.
import argparse
import json
import pathlib
import statistics
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH / "pooler"), str(BENCH / "partitioning")]
import measures  # noqa: E402 - the story's query
import rig  # noqa: E402 - servers and programs
import stage  # noqa: E402 - the demo's shop

VIEW = """
select o.id, o.status, o.total_amount, o.created_at, c.name as customer, p.name as product, s.name as seller
from orders o join customers c on c.id = o.customer_id
    join products p on p.id = o.product_id join sellers s on s.id = p.seller_id
where o.created_at >= now() - interval '90 days' and o.status in ('pending', 'processing')
"""
FROM_VIEW = """select id, status, total_amount, created_at, customer, product, seller from dashboard
    where created_at >= now() - interval '90 days' order by created_at desc limit 100"""


def main():
    p = argparse.ArgumentParser(prog="bench/views/run", description=__doc__)
    p.add_argument("--rows", type=int, default=2_000_000, help="orders")
    p.add_argument("--rounds", type=int, default=15, help="runs of each query, in turns; medians are printed")
    p.add_argument("--changed", type=int, default=20_000, help="orders that are changed before a refresh")
    p.add_argument("--drover", metavar="PATH", help="the drover to use (default: publish one with NativeAOT)")
    p.add_argument("--postgres-bin", metavar="DIR", help="PostgreSQL's programs (default: the newest)")
    options = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="drover-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        drover = options.drover or rig.publish_drover(folder)
        server = rig.Postgres(folder, rig.find_postgres(options.postgres_bin), stage.OPTIONS, pgbench_scale=None)
        try:
            shop = stage.Shop(server, drover, options.rows)
            print(json.dumps(measure(folder, shop, options)), flush=True)
        finally:
            server.stop()


def view(shop, verb, *words):
    return rig.run([shop.drover, "view", verb, *words, "-d", shop.address])


def measure(folder, shop, options):
    file = folder / "dashboard.sql"
    file.write_text(VIEW, encoding="utf-8")
    view(shop, "create", "dashboard", "--sql", str(file), "--unique", "id", "--refresh", "5m")
    shop.sql("create index on dashboard (created_at desc); vacuum analyze dashboard")
    straight = measures.query_texts(1, 1)["dashboard"].format(orders="orders")
    same = shop.sql(f"select count(*) from (({straight}) except ({FROM_VIEW})) different")
    if same != "0":
        rig.fail(f"the view gives other rows: {same}")
    runs = [(measures.explain(shop, straight), measures.explain(shop, FROM_VIEW)) for _ in range(options.rounds)]
    before, after = (statistics.median(pair[i]["ms"] for pair in runs) for i in (0, 1))
    refreshes = []
    for _ in range(3):
        shop.sql(f"update orders set status = 'processing' where id in (select id from orders where status = 'pending' "
                 f"order by id desc limit {options.changed})")
        view(shop, "refresh", "dashboard")
        listed = json.loads(view(shop, "list", "--json"))["views"][0]
        refreshes.append(listed["duration_seconds"])
    return {"orders": options.rows, "rows_of_view": int(shop.sql("select count(*) from dashboard")),
            "straight_ms": before, "from_view_ms": after, "ratio": before / after,
            "pages": [runs[-1][i]["pages"] for i in (0, 1)], "refresh_s": statistics.median(refreshes)}


if __name__ == "__main__":
    main()
