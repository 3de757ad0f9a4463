// How a server grows: day by day, the trend, how latency goes with size, and when a limit is reached.
import { get, server as of } from "./api.js";
import { chart } from "./chart.js";
import { costs } from "./cost.js";
import { monitorConfiguration, parameter, serverChoice } from "./controls.js";
import { h, fill } from "./dom.js";
import { bytes, count, ms, number } from "./format.js";
import { grid } from "./grid.js";
import { empty, failed, loading, note } from "./states.js";

const formats = { bytes, rows: count, ms, connections: count };
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

export async function show({ body, tools }) {
  const stop = new AbortController();
  const bill = h("div");
  const main = h("div");
  fill(body, bill, main);
  const [{ servers }] = await Promise.all([get("servers", null, stop.signal), costs(bill, stop.signal)]);
  if (servers.length === 0) {
    fill(
      main,
      empty(
        "No server is measured yet",
        "Name a PostgreSQL server in drover.toml: its size is kept day by day. A team that has its own figures can ask "
          + "drover growth --csv FILE at once.",
        monitorConfiguration,
      ),
    );
    return () => stop.abort();
  }
  const view = new Growth(main, stop.signal);
  const pick = serverChoice(servers, (name) => view.read(name));
  const limit = h(
    "label",
    { class: "pick" },
    "Disk of ",
    h("input", {
      type: "number",
      min: 1,
      step: "any",
      class: "short",
      value: parameter("limit_gb", ""),
      placeholder: "GB",
      "aria-label": "Size of the disk in GB",
      onchange: (event) => {
        const query = new URLSearchParams(location.search);
        query.set("limit_gb", event.currentTarget.value);
        history.replaceState(null, "", `${location.pathname}?${query}`);
        view.read(view.server);
      },
    }),
    " GB",
  );
  tools.append(pick.element ?? "", limit);
  await view.read(pick.chosen);
  return () => {
    stop.abort();
    view.destroy();
  };
}

class Growth {
  constructor(body, signal) {
    this.body = body;
    this.signal = signal;
    this.size = chart({ title: "Size", format: bytes, sync: "growth", series: [{ label: "with indexes", colour: "s1", fill: true }] });
    this.time = chart({ title: "Query time", format: ms, sync: "growth", series: [{ label: "mean", colour: "s4", fill: true }] });
    this.connections = chart({ title: "Connections", format: count, sync: "growth", series: [{ label: "the most of a day", colour: "s3", fill: true }] });
    this.trends = trendGrid();
  }

  async read(server) {
    this.server = server;
    fill(this.body, loading("the growth"));
    const gigabytes = Number(parameter("limit_gb", ""));
    try {
      const answer = await get(of(server, "growth"), gigabytes > 0 ? { limit_bytes: Math.round(gigabytes * 2 ** 30) } : null, this.signal);
      this.draw(answer);
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.body, failed(problem, () => this.read(server)));
      }
    }
  }

  draw({ points, trends, query_law: law }) {
    if (points.length < 3) {
      fill(
        this.body,
        note("info", `Known so far: ${points.length} day${points.length === 1 ? "" : "s"}. A trend needs three. A team that has figures of its own can ask drover growth --csv FILE.`),
      );
      return;
    }
    fill(
      this.body,
      law && note("info", lawWords(law)),
      this.trends.element,
      h("h2", null, "Day by day"),
      h("div", { class: "charts" }, this.size.element, this.time.element, this.connections.element),
    );
    this.trends.set(trends);
    const times = points.map((point) => Date.parse(point.day) / 1000);
    this.size.set(times, [points.map((point) => point.bytes)]);
    this.time.set(times, [points.map((point) => point.query_ms)]);
    this.connections.set(times, [points.map((point) => point.connections)]);
  }

  destroy() {
    [this.size, this.time, this.connections].forEach((one) => one.destroy());
  }
}

function lawWords(law) {
  const twice = 2 ** law.exponent;
  return `The mean time of a query goes with size to the power of ${number(law.exponent)} (${number(law.low)} to ${number(law.high)} `
    + `with 95 % confidence, ${law.points} days): at twice the size it is ${number(twice)} times as long.`;
}

function trendGrid() {
  const inUnit = (row, value) => (value === null ? "–" : formats[row.unit](value));
  const date = (value) => (value ? day.format(new Date(value)) : "–");
  return grid({
    label: "Trends",
    id: (row) => row.name,
    none: "Nothing has a trend yet.",
    columns: [
      { key: "name", label: "Value", value: (row) => row.name },
      { key: "last", label: "Now", right: true, cell: (row) => inUnit(row, row.last) },
      { key: "gain", label: "A month adds", right: true, cell: (row) => inUnit(row, row.monthly_gain) },
      {
        key: "shape",
        label: "Grows",
        cell: (row) =>
          row.shape === null
            ? "known on fewer than three days"
            : row.shape === "linear"
              ? "by the same amount"
              : row.doubling_months > 0
                ? `twofold in ${number(row.doubling_months)} months`
                : "not, it shrinks",
      },
      { key: "limit", label: "Limit", right: true, cell: (row) => inUnit(row, row.limit) },
      {
        key: "day",
        label: "Reached",
        right: true,
        cell: (row) => (row.is_past ? h("span", { class: "worse" }, "already") : date(row.day)),
      },
      {
        key: "between",
        label: "Between",
        right: true,
        hint: "By the 95 % interval of the growth",
        cell: (row) => (row.earliest ? `${date(row.earliest)} and ${row.latest ? date(row.latest) : "never"}` : "–"),
      },
    ],
  });
}
