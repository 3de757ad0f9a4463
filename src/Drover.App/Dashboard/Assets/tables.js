// The tables of a server: how large, how fast they grow, what is empty in them, how they are read.
import { get, server as of } from "./api.js";
import { chart } from "./chart.js";
import { minutes, monitorConfiguration, rangeChoice, serverChoice } from "./controls.js";
import { h, fill } from "./dom.js";
import { bytes, count, moment, percent, signedBytes } from "./format.js";
import { bar, grid } from "./grid.js";
import { empty, failed, loading } from "./states.js";

export async function show({ body, tools }) {
  const stop = new AbortController();
  const { servers } = await get("servers", null, stop.signal);
  if (servers.length === 0) {
    fill(
      body,
      empty(
        "No server is measured yet",
        "Name a PostgreSQL server in drover.toml: Drover keeps the sizes of its tables over time.",
        monitorConfiguration,
      ),
    );
    return () => stop.abort();
  }
  const view = new Tables(body, stop.signal);
  const pick = serverChoice(servers, (name) => view.read({ server: name }));
  tools.append(pick.element ?? "", rangeChoice(10080, (range) => view.read({ range })));
  view.read({ server: pick.chosen, range: minutes(10080) });
  return () => {
    stop.abort();
    view.destroy();
  };
}

class Tables {
  constructor(body, signal) {
    this.body = body;
    this.signal = signal;
    this.charts = [];
    this.largest = 1;
    this.about = h("p", { class: "muted" });
    this.filter = h("input", {
      type: "search",
      placeholder: "Filter by name",
      "aria-label": "Filter by name",
      oninput: () => this.draw(),
    });
    this.grid = this.list("Tables", (row) => (row.partitions ? this.partitions(row) : this.detail(row)));
  }

  list(label, detail) {
    return grid({
      label,
      sort: ["size", "descending"],
      id: (row) => row.name,
      none: "No table.",
      detail,
      columns: [
        { key: "name", label: "Table", value: (row) => row.name, cell: named },
        {
          key: "size",
          label: "Size",
          right: true,
          hint: "With indexes and TOAST",
          value: (row) => row.total_bytes,
          cell: (row) => [
            h("span", null, bytes(row.total_bytes)),
            bar([[row.total_bytes / this.largest, "s1"]], `${percent((100 * row.total_bytes) / this.largest)} of the largest`),
          ],
        },
        {
          key: "growth",
          label: "Growth",
          right: true,
          hint: "In the time that is chosen",
          value: growth,
          cell: (row) => h("span", { class: growth(row) === 0 ? "muted" : "" }, signedBytes(growth(row))),
        },
        { key: "rows", label: "Rows", right: true, value: (row) => row.rows, cell: (row) => (row.rows < 0 ? "–" : count(row.rows)) },
        { key: "dead", label: "Dead rows", right: true, value: dead, cell: (row) => grade(dead(row), 10, 20) },
        {
          key: "bloat",
          label: "Bloat",
          right: true,
          hint: "An estimate: what a rewrite would give back of the heap",
          value: bloat,
          cell: (row) => grade(bloat(row), 30, 40),
        },
        {
          key: "scans",
          label: "Read whole",
          right: true,
          hint: "Scans of the whole table in the time",
          value: (row) => row.sequential_scans,
          cell: (row) => count(row.sequential_scans),
        },
        {
          key: "index",
          label: "By index",
          right: true,
          value: (row) => row.index_scans,
          cell: (row) => count(row.index_scans),
        },
        {
          key: "access",
          label: "Asked for",
          right: true,
          hint: "The share of queries that ask for nothing older than 7 days; the bar adds 30, 90, older, and all ages",
          value: (row) => row.access?.days7 ?? null,
          cell: asked,
        },
      ],
    });
  }

  async read(what) {
    this.server = what.server ?? this.server;
    this.range = what.range ?? this.range;
    fill(this.body, loading("the tables"));
    try {
      const answer = await get(of(this.server, "tables"), { minutes: this.range, limit: 500 }, this.signal);
      this.rows = grouped(answer.tables);
      this.rows.forEach((row) => (row.access = answer.access[row.name]));
      this.largest = Math.max(1, ...this.rows.map((one) => one.total_bytes));
      const sum = answer.tables.reduce((total, one) => total + one.total_bytes, 0);
      const grown = answer.tables.reduce((total, one) => total + growth(one), 0);
      this.about.textContent =
        `${answer.tables.length} tables, ${bytes(sum)} in all, ${signedBytes(grown)} since ${moment(answer.from)}.`;
      fill(this.body, h("div", { class: "list-head" }, this.about, this.filter), this.grid.element);
      this.draw();
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.body, failed(problem, () => this.read({})));
      }
    }
  }

  draw() {
    const wanted = this.filter.value.trim().toLowerCase();
    const has = (one) => one.name.toLowerCase().includes(wanted);
    this.grid.set(this.rows.filter((one) => has(one) || one.partitions?.some(has)));
  }

  // Each partition opens as a table does.
  partitions(row) {
    const list = this.list(`Partitions of ${row.name}`, (one) => this.detail(one));
    list.set(row.partitions);
    return h("div", { class: "detail-body" }, list.element);
  }

  detail(row) {
    const size = chart({
      title: "Size",
      height: 150,
      sync: row.name,
      format: bytes,
      series: [
        { label: "with indexes", colour: "s1", fill: true },
        { label: "bloat", colour: "s4" },
      ],
    });
    const rows = chart({
      title: "Rows",
      height: 150,
      sync: row.name,
      format: count,
      series: [
        { label: "live", colour: "s3", fill: true },
        { label: "dead", colour: "bad" },
      ],
    });
    this.charts.push(size, rows);
    get(of(this.server, "table"), { name: row.name, minutes: this.range }, this.signal)
      .then(({ times, series }) => {
        const end = Date.now() / 1000;
        size.set(times, [series.total_bytes, series.bloat_bytes], end - this.range * 60, end);
        rows.set(times, [series.rows, series.dead_rows], end - this.range * 60, end);
      })
      .catch(() => {});
    return h("div", { class: "detail-body charts" }, size.element, rows.element);
  }

  destroy() {
    this.charts.forEach((one) => one.destroy());
  }
}

/** Partitions as one row with the sums of those that are known; all others as they are. */
function grouped(tables) {
  const groups = new Map();
  const rows = [];
  for (const table of tables) {
    if (!table.parent) {
      rows.push(table);
      continue;
    }
    let group = groups.get(table.parent);
    if (!group) {
      group = { name: table.parent, partitions: [] };
      groups.set(table.parent, group);
      rows.push(group);
    }
    group.partitions.push(table);
  }
  for (const group of groups.values()) {
    const sum = (read) => group.partitions.reduce((total, one) => total + read(one), 0);
    group.bytes = sum((one) => one.bytes);
    group.total_bytes = sum((one) => one.total_bytes);
    group.total_bytes_before = sum((one) => one.total_bytes_before);
    // A partition that was never analysed has no estimate, and so the whole has none.
    group.rows = group.partitions.some((one) => one.rows < 0) ? -1 : sum((one) => one.rows);
    group.dead_rows = sum((one) => one.dead_rows);
    group.bloat_bytes = group.partitions.some((one) => one.bloat_bytes === null) ? null : sum((one) => one.bloat_bytes);
    group.sequential_scans = sum((one) => one.sequential_scans);
    group.index_scans = sum((one) => one.index_scans);
  }
  return rows;
}

function named(row) {
  const count = row.partitions?.length;
  return count
    ? [h("code", null, row.name), h("span", { class: "muted" }, ` ${count} partition${count === 1 ? "" : "s"}`)]
    : h("code", null, row.name);
}

function asked({ access }) {
  if (!access) {
    return h("span", { class: "muted" }, "–");
  }
  const parts = [
    [access.days7, "s1", "7 days"],
    [access.days30, "s3", "30 days"],
    [access.days90, "s4", "90 days"],
    [access.older, "s2", "older"],
    [access.all_ages, "bad", "all ages"],
  ];
  const words = parts.map(([share, , name]) => `${name} ${percent(100 * share)}`).join(", ");
  const hot = access.hot_months ? `; ${access.hot_months} months hold 95 %` : "";
  const from = `${count(access.samples)} samples of ${access.source}, ${percent(100 * access.unknown)} not understood`;
  return [h("span", null, percent(100 * access.days7)), bar(parts, `${words}${hot} (${from})`)];
}

const growth = (row) => row.total_bytes - row.total_bytes_before;

function dead(row) {
  // Before the first ANALYZE nobody knows how many rows live.
  const all = row.rows + row.dead_rows;
  return row.rows >= 0 && all > 0 ? (100 * row.dead_rows) / all : null;
}

function bloat(row) {
  return row.bloat_bytes === null || row.bytes === 0 ? null : (100 * row.bloat_bytes) / row.bytes;
}

function grade(value, warn, bad) {
  const kind = value === null ? "muted" : value >= bad ? "worse" : value >= warn ? "warn-text" : "";
  return h("span", { class: kind }, percent(value));
}
