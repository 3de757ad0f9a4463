// Pools, databases, and who is connected.
import { get } from "./api.js";
import { choice, parameter } from "./controls.js";
import { h, fill } from "./dom.js";
import { ago, count, ms } from "./format.js";
import { bar, grid } from "./grid.js";
import { listen } from "./live.js";
import { badge, failed, loading } from "./states.js";

export async function show({ body }) {
  const stop = new AbortController();
  const view = new Pools(stop.signal);
  fill(body, loading("the pools"));
  await view.read();
  fill(body, view.element);
  let busy = false;
  const silence = listen(async ({ state }) => {
    if (busy || state !== "live" || document.hidden) {
      return;
    }
    busy = true;
    await view.read().catch(() => {});
    busy = false;
  });
  return () => {
    stop.abort();
    silence();
  };
}

class Pools {
  constructor(signal) {
    this.signal = signal;
    this.side = parameter("side", "clients");
    this.problem = h("div");
    this.pools = poolGrid();
    this.databases = databaseGrid();
    this.connections = connectionGrid();
    this.states = h("p", { class: "states" });
    this.element = h(
      "div",
      null,
      this.problem,
      h("h2", null, "Pools"),
      h(
        "p",
        { class: "legend keys" },
        key("s3", "servers at work"),
        key("s2", "idle"),
        key("s5", "in login or reset"),
        key("free", "free to be opened"),
      ),
      this.pools.element,
      h("h2", null, "Databases"),
      this.databases.element,
      h(
        "div",
        { class: "list-head" },
        h("h2", null, "Connections"),
        choice(
          "Side",
          [
            ["clients", "Clients"],
            ["connections", "Servers"],
          ],
          this.side,
          (side) => {
            this.side = side;
            this.read();
          },
        ),
      ),
      this.states,
      this.connections.element,
    );
  }

  async read() {
    try {
      const [{ pools, databases }, connections] = await Promise.all([
        get("pools", null, this.signal),
        get(this.side, { limit: 200 }, this.signal),
      ]);
      fill(this.problem);
      this.pools.set(pools);
      this.databases.set(databases);
      this.connections.set(connections.connections);
      const shown = connections.connections.length;
      fill(
        this.states,
        `${count(connections.total)} ${this.side === "clients" ? "clients" : "servers"}`,
        Object.entries(connections.states).map(([state, number]) => badge(kindOf(state), `${count(number)} ${state}`)),
        shown < connections.total && h("span", { class: "muted" }, ` the ${shown} of most interest are listed`),
      );
    } catch (problem) {
      if (problem.name !== "AbortError") {
        fill(this.problem, failed(problem, () => this.read()));
      }
    }
  }
}

const key = (colour, text) =>
  h("span", { class: "legend-item" }, h("span", { class: `swatch c-${colour}`, "aria-hidden": "true" }), text);

function poolGrid() {
  return grid({
    label: "Pools",
    sort: ["waiting", "descending"],
    id: (row) => `${row.database}/${row.user}`,
    none: "No pool yet: the first client makes one.",
    columns: [
      { key: "database", label: "Database", value: (row) => row.database },
      { key: "user", label: "User", value: (row) => row.user },
      { key: "mode", label: "Mode", value: (row) => row.mode },
      {
        key: "servers",
        label: "Servers",
        value: (row) => row.servers_active / Math.max(1, row.size),
        cell: (row) => [
          bar(
            [
              [row.servers_active / Math.max(1, row.size), "s3"],
              [row.servers_idle / Math.max(1, row.size), "s2"],
              [row.servers_other / Math.max(1, row.size), "s5"],
            ],
            `${row.servers_active} at work, ${row.servers_idle} idle, of ${row.size}`,
          ),
          h("span", { class: "bar-words" }, `${row.servers_active} + ${row.servers_idle} of ${row.size}`),
        ],
      },
      { key: "clients", label: "Clients", right: true, value: (row) => row.clients_active, cell: (row) => count(row.clients_active) },
      {
        key: "waiting",
        label: "Waiting",
        right: true,
        value: (row) => row.clients_waiting,
        cell: (row) => h("span", { class: row.clients_waiting > 0 ? "worse" : "muted" }, count(row.clients_waiting)),
      },
      {
        key: "wait",
        label: "Longest wait",
        right: true,
        value: (row) => row.longest_wait_ms,
        cell: (row) => (row.longest_wait_ms > 0 ? ms(row.longest_wait_ms) : h("span", { class: "muted" }, "–")),
      },
      { key: "pinned", label: "Pinned", right: true, value: (row) => row.clients_pinned, cell: (row) => count(row.clients_pinned) },
      { key: "rate", label: "Queries/s", right: true, value: (row) => row.queries_per_second, cell: (row) => count(row.queries_per_second) },
      { key: "p99", label: "p99", right: true, value: (row) => row.query_p99_ms, cell: (row) => ms(row.query_p99_ms) },
      {
        key: "errors",
        label: "Errors",
        right: true,
        hint: "Since the process started",
        value: (row) => row.errors,
        cell: (row) => count(row.errors),
      },
    ],
  });
}

function databaseGrid() {
  const limit = (number, most) => `${count(number)}${most > 0 ? ` of ${count(most)}` : ""}`;
  return grid({
    label: "Databases",
    id: (row) => row.name,
    none: "No database is configured.",
    columns: [
      { key: "name", label: "Name", value: (row) => row.name },
      {
        key: "server",
        label: "Server",
        value: (row) => `${row.host ?? "Unix socket"}:${row.port}/${row.database}`,
        cell: (row) => h("code", null, `${row.host ?? "unix"}:${row.port}/${row.database}`),
      },
      { key: "clients", label: "Clients", right: true, value: (row) => row.clients, cell: (row) => limit(row.clients, row.clients_max) },
      { key: "servers", label: "Servers", right: true, value: (row) => row.servers, cell: (row) => limit(row.servers, row.servers_max) },
      {
        key: "state",
        label: "State",
        value: (row) => (row.paused ? 2 : row.disabled ? 1 : 0),
        cell: (row) =>
          row.paused ? badge("warn", "paused") : row.disabled ? badge("warn", "disabled") : badge("good", "open"),
      },
    ],
  });
}

function connectionGrid() {
  return grid({
    label: "Connections",
    sort: ["wait", "descending"],
    id: (row) => row.id,
    none: "Nobody is connected.",
    columns: [
      { key: "state", label: "State", value: (row) => row.state, cell: (row) => badge(kindOf(row.state), row.state) },
      { key: "user", label: "User", value: (row) => row.user ?? "" },
      { key: "database", label: "Database", value: (row) => row.database ?? "" },
      {
        key: "address",
        label: "Address",
        value: (row) => `${row.address}:${row.port}`,
        cell: (row) => h("code", null, row.address === "unix" ? "unix" : `${row.address}:${row.port}`),
      },
      { key: "application", label: "Application", value: (row) => row.application },
      { key: "wait", label: "Wait", right: true, value: (row) => row.wait_ms, cell: (row) => (row.wait_ms > 0 ? ms(row.wait_ms) : "–") },
      { key: "pinned", label: "Pinned by", value: (row) => row.pinned, cell: (row) => row.pinned ?? "–" },
      {
        key: "request",
        label: "Last request",
        right: true,
        value: (row) => -new Date(row.request_at).getTime(),
        cell: (row) => ago(row.request_at),
      },
      {
        key: "since",
        label: "Connected",
        right: true,
        value: (row) => -new Date(row.connected_at).getTime(),
        cell: (row) => ago(row.connected_at),
      },
      { key: "tls", label: "TLS", value: (row) => row.tls, cell: (row) => (row.tls ? row.tls.split("/")[0] : "–") },
    ],
  });
}

function kindOf(state) {
  return { active: "good", waiting: "bad", login: "warn", cancel: "warn" }[state] ?? "";
}
