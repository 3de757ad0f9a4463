#!/usr/bin/env python3
"""Draws docs/demo.svg, the closing tables of the demo, from what `./drover demo --json FILE` wrote: demo-picture.py FILE."""
import json
import os
import sys

ROWS = [
    ("clients", lambda s: f"{s['clients']:,}"),
    ("connections on the server", lambda s: f"{s['server_connections_max']:,}"),
    ("memory of those", lambda s: f"{s['backend_memory_bytes'] / 1048576:,.0f} MB"),
    ("queries", lambda s: f"{s['queries']:,}"),
    ("queries per second", lambda s: f"{s['queries_per_second']:,.0f}"),
    ("average", lambda s: f"{s['average_ms']:.2f} ms"),
    ("p95", lambda s: f"{s['p95_ms']:.1f} ms"),
    ("p99", lambda s: f"{s['p99_ms']:.1f} ms"),
    ("errors", lambda s: f"{s['errors']:,}"),
]
FIRST_COLUMN = 430
COLUMN = 150
LINE = 26
WIDTH = FIRST_COLUMN + 3 * COLUMN + 40


def text(x, y, value, fill="#d6dde6", anchor="start", weight="normal"):
    return f'<text x="{x}" y="{y}" fill="{fill}" text-anchor="{anchor}" font-weight="{weight}">{value}</text>'


def table(y, heads, rows):
    """Lines from y on: heads over columns, then a label and its values; returns the parts and the next y."""
    xs = [WIDTH - 24 - COLUMN * (len(heads) - 1 - at) for at in range(len(heads))]
    parts = [text(x, y, head, "#7cc4ff", "end", "bold") for head, x in zip(heads, xs)]
    parts.append(f'<path d="M24 {y + 10}H{WIDTH - 24}" stroke="#33404d"/>')
    for label, values in rows:
        y += LINE
        parts.append(text(24, y, label, "#8b98a8"))
        parts.extend(text(x, y, value, anchor="end") for value, x in zip(values, xs))
    return parts, y + LINE


def figures(query, at):
    return f"{query[at]['average_ms']:.2f} ms" if query[at]["count"] else "not asked"


def conversion_parts(y, done):
    rows = []
    for query in done["queries"]:
        share = f", {query['share']} % of reads" if query["share"] else ""
        rows.append((query["query"] + share, [figures(query, "before"), figures(query, "after")]))
        if query["query"] == "dashboard":
            rows.append(("  pages read", [f"{query[at]['pages']:,}" for at in ("before", "after")]))
    parts, y = table(y, ["before", "after"], rows)
    for line in (f"{done['rows_copied']:,} rows into {done['partitions']} partitions, {done['rows_compared']:,} compared, "
                 f"{done['seconds']:.0f} s in all",
                 f"{done['failed_queries']} failed queries; longest wait of any client at the cut-over "
                 f"{done['longest_pause_ms']:.0f} ms"):
        parts.append(text(24, y, line, "#7ee0a5"))
        y += LINE
    return parts, y


def sharding_parts(y, done):
    shards = done["shards"]
    rows = sum(shard["rows"] for shard in shards)
    parts, y = table(y, [shard["shard"] for shard in shards], [
        ("rows", [f"{shard['rows']:,}" for shard in shards]),
        ("size", [f"{shard['bytes'] >> 20:,} MB" for shard in shards]),
        ("share of all rows", [f"{100 * shard['rows'] / rows:.1f} %" for shard in shards]),
    ])
    statements = done["single_shard_statements"] + done["coordinator_statements"]
    for line in (f"{done['rows_loaded']:,} rows loaded through Drover with COPY in {done['load_seconds']:.0f} s",
                 f"{done['single_shard_percent']:.1f} % of {statements:,} statements answered by one server"):
        parts.append(text(24, y, line, "#7ee0a5"))
        y += LINE
    return parts, y


def significant(value):
    """Two significant digits without an exponent."""
    digits = 2
    while value and value < 0.1 ** (digits - 1) and digits < 20:
        digits += 1
    return f"{value:.{digits}f}"


def outcome_parts(y, report):
    sides = [report["scenes"][0], report["scenes"][-1]]
    bill = [report["server_month"] * side["servers"] for side in sides]

    def row(label, value):
        return label, [value(side) for side in sides]

    parts, y = table(y, ["before", f"after ({sides[1]['scene']})"], [
        row("average query", lambda s: f"{s['average_ms']:.2f} ms"),
        row("p95 / p99", lambda s: f"{s['p95_ms']:.1f} / {s['p99_ms']:.1f} ms"),
        row("client connections", lambda s: f"{s['clients']:,}"),
        row("server connections", lambda s: f"{s['server_connections_max']:,}"),
        row("queries per second", lambda s: f"{s['queries_per_second']:,.0f}"),
        row("servers, data", lambda s: f"{s['servers']}, {s['database_bytes'] / 1e9:.2f} GB"),
        (f"dollars a month, {report['server_month']} for each server", [f"{month:,.2f}" for month in bill]),
        ("dollars per query", [significant(month / side["queries_per_second"] / 2629800)
                               for month, side in zip(bill, sides)]),
    ])
    parts.append(text(24, y, f"measured in this run on {report['processors']} processors; the price is a sample", "#7ee0a5"))
    return parts, y + LINE


def draw(report):
    scenes = report["scenes"]
    subtitle = f"PostgreSQL {report['postgres_version']}, the same load in every scene, {report['seconds']} s each"
    body = [text(24, 38, "$ ./drover demo", "#7ee0a5"), text(24, 66, subtitle, "#8b98a8")]
    parts, y = table(106, [s["scene"] for s in scenes], [(label, [value(s) for s in scenes]) for label, value in ROWS])
    body += parts
    for scene in scenes:
        if scene["conversion"]:
            parts, y = conversion_parts(y + LINE, scene["conversion"])
            body += parts
        if scene.get("sharding"):
            parts, y = sharding_parts(y + LINE, scene["sharding"])
            body += parts
    if len(scenes) > 1 and scenes[0]["scene"] == "direct" and "server_month" in report:
        parts, y = outcome_parts(y + LINE, report)
        body += parts
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}"',
        ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="15" role="img"',
        ' aria-label="The closing tables of the demo">',
        f'<rect width="{WIDTH}" height="{y}" rx="8" fill="#12181f"/>',
    ]
    return "\n".join([*head, *body, "</svg>"]) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        picture = draw(json.load(source))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.svg"), "w", encoding="utf-8") as target:
        target.write(picture)
