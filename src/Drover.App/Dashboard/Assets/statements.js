// The statements of a server that took the most time, and how that changed.
import { get, server as of } from "./api.js";
import { chart } from "./chart.js";
import { minutes, monitorConfiguration, rangeChoice, serverChoice } from "./controls.js";
import { h, fill } from "./dom.js";
import { count, moment, ms, number, percent } from "./format.js";
import { bar, grid } from "./grid.js";
import { badge, empty, failed, loading, note } from "./states.js";

export async function show({ body, tools }) {
  const stop = new AbortController();
  const { servers } = await get("servers", null, stop.signal);
  if (servers.length === 0) {
    fill(
      body,
      empty(
        "No server is measured yet",
        "Name a PostgreSQL server in drover.toml. Its statements come from pg_stat_statements, which "
          + "shared_preload_libraries must name: CREATE EXTENSION pg_stat_statements.",
        monitorConfiguration,
      ),
    );
    return () => stop.abort();
  }
  const problems = new Map(servers.map((one) => [one.name, problemOf(one)]));
  const view = new Statements(body, stop.signal, problems);
  const pick = serverChoice(servers, (name) => view.read({ server: name }));
  tools.append(pick.element ?? "", rangeChoice(360, (range) => view.read({ range })));
  view.read({ server: pick.chosen, range: minutes(360) });
  const timer = setInterval(() => !document.hidden && view.read({}), 30_000);
  return () => {
    stop.abort();
    clearInterval(timer);
    view.destroy();
  };
}

class Statements {
  constructor(body, signal, problems) {
    this.problems = problems;
    this.body = body;
    this.signal = signal;
    this.charts = [];
    this.total = 1;
    this.about = h("p", { class: "muted" });
    this.grid = grid({
      label: "Statements",
      sort: ["total", "descending"],
      id: (row) => `${row.database}/${row.id}`,
      none: "No statement was seen in this time. They are looked at once a minute.",
      detail: (row) => this.detail(row),
      columns: [
        { key: "text", label: "Statement", wide: true, cell: textOf },
        {
          key: "total",
          label: "Time",
          right: true,
          hint: "Time in all calls, and its share of what is listed",
          value: (row) => row.total_ms,
          cell: (row) => [
            h("span", null, ms(row.total_ms)),
            bar([[row.total_ms / this.total, "s1"]], `${percent((100 * row.total_ms) / this.total)} of the time`),
          ],
        },
        { key: "calls", label: "Calls", right: true, value: (row) => row.calls, cell: (row) => count(row.calls) },
        { key: "mean", label: "Mean", right: true, value: (row) => row.mean_ms, cell: (row) => ms(row.mean_ms) },
        {
          key: "rows",
          label: "Rows a call",
          right: true,
          value: (row) => row.rows / Math.max(1, row.calls),
          cell: (row) => number(row.rows / Math.max(1, row.calls)),
        },
        {
          key: "hits",
          label: "Cache",
          right: true,
          hint: "Blocks that were in shared_buffers",
          value: hits,
          cell: (row) => percent(hits(row)),
        },
        {
          key: "change",
          label: "Mean before",
          right: true,
          hint: "Against as long a time before",
          value: change,
          cell: (row) => changeText(row),
        },
      ],
    });
  }

  async read(what) {
    const isOther = what.server !== undefined || what.range !== undefined;
    this.server = what.server ?? this.server;
    this.range = what.range ?? this.range;
    if (isOther) {
      fill(this.body, loading("the statements"));
    }
    try {
      const answer = await get(of(this.server, "statements"), { minutes: this.range, limit: 100 }, this.signal);
      this.total = Math.max(answer.total_ms, 1e-9);
      this.about.textContent =
        `${answer.statements.length} statements between ${moment(answer.from)} and ${moment(answer.to)}, `
        + `${ms(answer.total_ms)} of execution in all.`;
      this.grid.set(answer.statements);
      if (!this.grid.element.isConnected) {
        const problem = this.problems.get(this.server);
        fill(this.body, problem && note("warn", problem), this.about, this.grid.element);
      }
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.body, failed(problem, () => this.read({ server: this.server })));
      }
    }
  }

  detail(row) {
    const calls = chart({
      title: "Calls",
      height: 130,
      sync: row.id,
      format: (value) => `${count(value)}/s`,
      series: [{ label: "per second", colour: "s1", fill: true }],
    });
    const mean = chart({
      title: "Mean time",
      height: 130,
      sync: row.id,
      format: ms,
      series: [{ label: "of one call", colour: "s4", fill: true }],
    });
    this.charts.push(calls, mean);
    get(of(this.server, "statement"), { id: row.id, minutes: this.range }, this.signal)
      .then(({ times, series }) => {
        const end = Date.now() / 1000;
        calls.set(times, [series.calls_per_second], end - this.range * 60, end);
        mean.set(times, [series.mean_ms], end - this.range * 60, end);
      })
      .catch(() => {});
    const plans = h("div", { class: "plans" });
    get(of(this.server, "plans"), { id: row.id }, this.signal)
      .then((answer) => fill(plans, plansOf(answer)))
      .catch(() => {});
    return h(
      "div",
      { class: "detail-body" },
      h("pre", { class: "sql", tabindex: 0, "aria-label": "The statement" }, row.text),
      h(
        "p",
        { class: "muted" },
        `Database ${row.database} · query id ${row.id} · ${count(row.rows)} rows · `
          + `${count(row.blocks_hit)} blocks from the cache, ${count(row.blocks_read)} from outside it`,
      ),
      h("div", { class: "charts" }, calls.element, mean.element),
      plans,
    );
  }

  destroy() {
    this.charts.forEach((one) => one.destroy());
  }
}

function textOf(row) {
  return [
    h("code", { class: "sql clamp" }, row.text),
    row.plan_changed && badge("warn", `another plan since ${moment(row.plan_changed)}`),
  ];
}

// The plan that it has, and those that it had; what changed is said in words.
function plansOf({ problem, plans }) {
  return [
    problem && note("warn", problem),
    plans.map((plan, at) =>
      h(
        "details",
        { open: at === 0 && plans.length > 1 },
        h(
          "summary",
          null,
          at === 0 ? `Plan since ${moment(plan.first_seen)}` : `Plan until ${moment(plan.last_seen)}`,
          plan.mean_ms !== null && ` · ${ms(plan.mean_ms)} a call over ${count(plan.calls)}`,
          ` · cost ${number(plan.cost)}`,
        ),
        plan.difference && h("p", null, `Changed: ${plan.difference}`),
        h("pre", { class: "sql", tabindex: 0, "aria-label": "The plan for any value" }, plan.lines.join("\n")),
      ),
    ),
  ];
}

// Without pg_stat_statements there are none, and the metric that is made of them says what is missing.
function problemOf(server) {
  const time = server.metrics.find((one) => one.name === "query_time");
  return time && time.value === null ? time.note : null;
}

function hits(row) {
  const all = row.blocks_hit + row.blocks_read;
  return all > 0 ? (100 * row.blocks_hit) / all : null;
}

function change(row) {
  if (row.calls === 0 || row.calls_before === 0) {
    return null;
  }
  return row.mean_ms / (row.total_ms_before / row.calls_before) - 1;
}

function changeText(row) {
  const by = change(row);
  if (by === null) {
    return h("span", { class: "muted" }, row.calls_before === 0 ? "new" : "–");
  }
  const part = Math.round(Math.abs(by) * 100);
  if (part < 5) {
    return h("span", { class: "muted" }, "same");
  }
  return h("span", { class: by > 0 ? "worse" : "better" }, `${by > 0 ? "▲" : "▼"} ${part} %`);
}
