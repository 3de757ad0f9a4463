// Where the proxy and the measured servers stand, now and lately.
import { get, server as of } from "./api.js";
import { chart } from "./chart.js";
import { minutes, monitorConfiguration, rangeChoice } from "./controls.js";
import { h, fill } from "./dom.js";
import { ago, count, ms, number, percent, seconds, withUnit } from "./format.js";
import { listen, live } from "./live.js";
import { badge, empty, failed, loading, note } from "./states.js";

const perSecond = (value) => (value === null || value === undefined ? "–" : `${count(value)}/s`);

export async function show({ body, tools, session }) {
  const stop = new AbortController();
  const proxy = new ProxyPart();
  const servers = session.servers > 0 ? new ServersPart(stop.signal) : null;
  let range = minutes(30);
  tools.append(
    rangeChoice(30, (value) => {
      range = value;
      read();
    }),
  );
  fill(body, proxy.element, servers ? servers.element : noServers());

  function read() {
    proxy.read(range, stop.signal);
    servers?.read(range);
  }

  read();
  const timer = setInterval(() => servers?.refresh(), 10_000);
  const silence = listen(({ last, state }) => {
    if (last && state === "live") {
      proxy.add(last);
      servers?.add(last);
    }
  });
  return () => {
    stop.abort();
    clearInterval(timer);
    silence();
    proxy.destroy();
    servers?.destroy();
  };
}

function noServers() {
  return empty(
    "No server is measured yet",
    "Name the PostgreSQL servers in drover.toml: Drover then shows their eleven metrics here, keeps their history "
      + "and says what to change. A role with pg_monitor is enough.",
    monitorConfiguration,
  );
}

/** The proxy: figures and four charts. */
class ProxyPart {
  constructor() {
    this.tiles = {
      queries: tile("Queries", "per second"),
      latency: tile("Latency", "p50, p99"),
      clients: tile("Clients", "connected"),
      waiting: tile("Waiting", "for a server"),
      servers: tile("Servers", "at work, of all"),
      use: tile("Fullest pool", "of its size"),
    };
    this.charts = {
      traffic: chart({
        title: "Traffic",
        sync: "overview",
        format: perSecond,
        series: [
          { label: "queries", colour: "s1", fill: true },
          { label: "transactions", colour: "s2" },
          { label: "errors", colour: "bad" },
        ],
      }),
      latency: chart({
        title: "Query latency",
        sync: "overview",
        format: ms,
        series: [
          { label: "p50", colour: "s1", fill: true },
          { label: "p99", colour: "s4" },
        ],
      }),
      clients: chart({
        title: "Clients",
        sync: "overview",
        format: count,
        series: [
          { label: "connected", colour: "s1", fill: true },
          { label: "waiting", colour: "bad" },
        ],
      }),
      servers: chart({
        title: "Server connections",
        sync: "overview",
        format: count,
        series: [
          { label: "open", colour: "s2", fill: true },
          { label: "at work", colour: "s3" },
        ],
      }),
    };
    this.problem = h("div");
    this.element = h(
      "section",
      { "aria-labelledby": "proxy" },
      h("h2", { id: "proxy", class: "unseen" }, "Proxy"),
      h("div", { class: "tiles" }, Object.values(this.tiles).map((one) => one.element)),
      this.problem,
      h("div", { class: "charts" }, Object.values(this.charts).map((one) => one.element)),
    );
    this.columns = null;
    if (live.last) {
      this.add(live.last);
    }
  }

  async read(range, signal) {
    this.range = Math.min(range, 1440);
    try {
      const { times, series, step_seconds } = await get("history", { minutes: this.range }, signal);
      this.columns = { times, series };
      this.step = step_seconds;
      fill(this.problem, range > 1440 && note("info", "The proxy remembers its own figures for 24 hours."));
      this.draw();
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.problem, failed(problem, () => this.read(range, signal)));
      }
    }
  }

  add(last) {
    const { tiles } = this;
    tiles.queries.set(count(last.queries_per_second), last.errors_per_second > 0 ? `${number(last.errors_per_second)} errors/s` : "per second");
    tiles.latency.set(ms(last.query_p50_ms), `p50 · ${ms(last.query_p99_ms)} p99`);
    tiles.clients.set(count(last.clients), last.clients_pinned > 0 ? `${count(last.clients_pinned)} pinned` : "connected");
    tiles.waiting.set(count(last.clients_waiting), last.clients_waiting > 0 ? `${ms(last.longest_wait_ms)} the longest` : "for a server", last.clients_waiting > 0 ? "warn" : "");
    tiles.servers.set(count(last.servers_active), `of ${count(last.servers)} open`);
    tiles.use.set(percent(last.pool_utilisation_percent), "servers at work", last.pool_utilisation_percent >= 90 ? "warn" : "");
    const at = new Date(last.at).getTime() / 1000;
    const columns = this.columns;
    // The coarse history has a point a minute; the fine one goes on by itself.
    if (!columns || this.step > 10 || (columns.times.length > 0 && at <= columns.times[columns.times.length - 1])) {
      return;
    }
    columns.times.push(at);
    for (const [name, values] of Object.entries(columns.series)) {
      values.push(last[name] ?? null);
    }
    const from = at - this.range * 60;
    while (columns.times.length > 0 && columns.times[0] < from) {
      columns.times.shift();
      for (const values of Object.values(columns.series)) {
        values.shift();
      }
    }
    this.draw();
  }

  draw() {
    const { times, series } = this.columns;
    const end = times.length > 0 ? times[times.length - 1] : Date.now() / 1000;
    const from = end - this.range * 60;
    const put = (one, ...names) => one.set(times, names.map((name) => series[name]), from, end);
    put(this.charts.traffic, "queries_per_second", "transactions_per_second", "errors_per_second");
    put(this.charts.latency, "query_p50_ms", "query_p99_ms");
    put(this.charts.clients, "clients", "clients_waiting");
    put(this.charts.servers, "servers", "servers_active");
  }

  destroy() {
    Object.values(this.charts).forEach((one) => one.destroy());
  }
}

function tile(label, hint) {
  const value = h("dd", { class: "tile-value" }, "–");
  const below = h("dd", { class: "tile-note" }, hint);
  const element = h("dl", { class: "tile" }, h("dt", null, label), value, below);
  return {
    element,
    set(text, words, kind = "") {
      value.textContent = text;
      below.textContent = words;
      element.className = `tile ${kind}`;
    },
  };
}

/** The measured servers: each with its eleven. */
class ServersPart {
  constructor(signal) {
    this.signal = signal;
    this.element = h("div", null, loading("the servers"));
    this.parts = new Map();
  }

  async read(range) {
    this.range = range;
    try {
      const { servers } = await get("servers", null, this.signal);
      this.parts.forEach((part) => part.destroy());
      this.parts = new Map(servers.map((one) => [one.name, new ServerPart(one)]));
      fill(this.element, [...this.parts.values()].map((part) => part.element));
      await Promise.all([...this.parts.values()].map((part) => part.read(range, this.signal)));
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.element, failed(problem, () => this.read(range)));
      }
    }
  }

  async refresh() {
    try {
      const { servers } = await get("servers", null, this.signal);
      for (const one of servers) {
        this.parts.get(one.name)?.describe(one);
      }
      if (this.range <= 360) {
        await Promise.all([...this.parts.values()].map((part) => part.read(this.range, this.signal)));
      }
    } catch {
      // The stale mark says that nothing comes; the next turn tries again.
    }
  }

  add(last) {
    for (const one of last.measured) {
      this.parts.get(one.name)?.add(one);
    }
  }

  destroy() {
    this.parts.forEach((part) => part.destroy());
  }
}

class ServerPart {
  constructor(server) {
    this.name = server.name;
    this.state = h("span");
    this.about = h("p", { class: "muted about" });
    this.notes = h("div");
    this.grid = h("div", { class: "metrics" });
    this.cells = new Map();
    this.element = h(
      "section",
      { class: "server", "aria-labelledby": `server-${server.name}` },
      h("div", { class: "server-head" }, h("h2", { id: `server-${server.name}` }, server.name), this.state, this.about),
      this.notes,
      this.grid,
    );
    this.describe(server);
  }

  describe(server) {
    const word = { measured: ["good", "measured"], starting: ["", "starting"], unreachable: ["bad", "unreachable"] };
    fill(this.state, badge(...word[server.state]), server.is_standby && badge("", "standby"));
    this.about.textContent = [
      server.version && `PostgreSQL ${server.version}`,
      server.address,
      `every ${seconds(server.interval_seconds)}`,
      `sampled ${ago(server.at)}`,
      `costs ${number(server.cost_percent)} % of a core`,
    ]
      .filter(Boolean)
      .join(" · ");
    fill(
      this.notes,
      server.problem && note("bad", server.problem),
      server.history_problem && note("warn", `No history is kept: ${server.history_problem}`),
      server.blockers.map((one) => note("warn", `Blocks others: ${one}`)),
    );
    if (server.metrics.length === 0 && server.state !== "unreachable") {
      fill(this.grid, loading("the first sample"));
      return;
    }
    if (this.cells.size === 0) {
      fill(this.grid);
    }
    for (const metric of server.metrics) {
      if (!this.cells.has(metric.name)) {
        const cell = new MetricCell(metric, this.name);
        this.cells.set(metric.name, cell);
        this.grid.append(cell.element);
      }
      this.cells.get(metric.name).describe(metric);
    }
  }

  async read(range, signal) {
    if (this.cells.size === 0) {
      return;
    }
    const names = [...this.cells.keys()];
    try {
      const answer = await get(of(this.name, "history"), { metrics: names.join(","), minutes: range }, signal);
      const end = Date.now() / 1000;
      for (const name of names) {
        this.cells.get(name).chart.set(answer.times, [answer.series[name] ?? []], end - range * 60, end);
      }
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.notes, note("warn", `The history cannot be read: ${problem.message}`));
      }
    }
  }

  add(one) {
    for (const [name, value] of Object.entries(one.values)) {
      this.cells.get(name)?.put(value);
    }
  }

  destroy() {
    this.cells.forEach((cell) => cell.chart.destroy());
  }
}

class MetricCell {
  constructor(metric, server) {
    this.unit = metric.unit;
    this.value = h("span", { class: "metric-value" });
    this.note = h("p", { class: "metric-note" });
    this.chart = chart({
      title: metric.title,
      small: true,
      height: 56,
      sync: `metrics-${server}`,
      format: (value) => withUnit(value, metric.unit),
      series: [{ label: metric.title, colour: "s1", fill: true }],
    });
    this.chart.options.onmoment = (index) => this.moment(index);
    this.element = h(
      "div",
      { class: "metric" },
      h("h3", null, metric.title),
      this.value,
      this.chart.element,
      this.note,
    );
  }

  describe(metric) {
    this.put(metric.value);
    this.note.textContent = metric.value === null ? metric.note : `${metric.note}`;
    this.note.title = `${metric.note} (${metric.source})`;
    this.element.classList.toggle("missing", metric.value === null);
  }

  put(value) {
    this.current = value;
    this.value.textContent = withUnit(value, this.unit);
  }

  // While a pointer is on a chart, all of them say what was then.
  moment(index) {
    const at = index === null || index === undefined ? this.current : this.chart.data[1][index];
    this.value.textContent = withUnit(at, this.unit);
    this.value.classList.toggle("then", index !== null && index !== undefined);
  }
}
