#!/usr/bin/env python3
"""Draws docs/demo.svg, the closing table of the demo, from what `./drover demo --json FILE` wrote: demo-picture.py FILE."""
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
COLUMNS = (300, 460, 620)
LINE = 24


def text(x, y, value, fill="#d6dde6", anchor="start", weight="normal"):
    return f'<text x="{x}" y="{y}" fill="{fill}" text-anchor="{anchor}" font-weight="{weight}">{value}</text>'


def draw(report):
    scenes = report["scenes"]
    width = COLUMNS[len(scenes)] + 40
    height = 110 + LINE * (len(ROWS) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
        ' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="15" role="img"',
        ' aria-label="The closing table of the demo">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#12181f"/>',
        text(24, 38, "$ ./drover demo", "#7ee0a5"),
        text(24, 66, f"PostgreSQL {report['postgres_version']}, the same traffic twice, {report['seconds']} s each", "#8b98a8"),
    ]
    y = 106
    for scene, x in zip(scenes, COLUMNS[1:]):
        parts.append(text(x, y, scene["scene"], "#7cc4ff", "end", "bold"))
    parts.append(f'<path d="M24 {y + 10}H{width - 24}" stroke="#33404d"/>')
    for label, value in ROWS:
        y += LINE + 2
        parts.append(text(24, y, label, "#8b98a8"))
        parts.extend(text(x, y, value(scene), anchor="end") for scene, x in zip(scenes, COLUMNS[1:]))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        picture = draw(json.load(source))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.svg"), "w", encoding="utf-8") as target:
        target.write(picture)
