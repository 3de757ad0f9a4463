// Sharded databases: their servers, which slots each has, and what goes over several of them.
import { get } from "./api.js";
import { h, fill, s } from "./dom.js";
import { count, ms, number, percent } from "./format.js";
import { bar, grid } from "./grid.js";
import { listen } from "./live.js";
import { badge, empty, failed, loading, note } from "./states.js";

const slots = 4096;
const configuration = `[sharded.shop]
catalog = "shop_1"
shards = ["shop_1", "shop_2"]`;

export async function show({ body }) {
  const stop = new AbortController();
  fill(body, loading("the map"));
  let views = new Map();

  async function read() {
    const { databases } = await get("shards", null, stop.signal);
    if (databases.length === 0) {
      fill(
        body,
        empty(
          "No sharded database is configured",
          "A sharded database is one name to its clients and several PostgreSQL servers underneath. drover shard init "
            + "makes its map.",
          configuration,
        ),
      );
      return;
    }
    if (databases.length !== views.size || databases.some((one) => !views.has(one.name))) {
      views = new Map(databases.map((one) => [one.name, new Database(one.name)]));
      fill(body, [...views.values()].map((view) => view.element));
    }
    databases.forEach((one) => views.get(one.name).set(one));
  }

  await read();
  let busy = false;
  const silence = listen(async ({ state }) => {
    if (busy || state !== "live" || document.hidden) {
      return;
    }
    busy = true;
    await read().catch((problem) => problem.name !== "AbortError" && fill(body, failed(problem, read)));
    busy = false;
  });
  return () => {
    stop.abort();
    silence();
  };
}

class Database {
  constructor(name) {
    this.about = h("p", { class: "muted about" });
    this.map = h("div");
    this.key = "";
    this.shards = shardGrid(name);
    this.tiers = h("div");
    this.tables = tableGrid(name);
    this.statements = statementGrid(name);
    this.element = h(
      "section",
      { "aria-labelledby": `database-${name}` },
      h("div", { class: "server-head" }, h("h2", { id: `database-${name}` }, name), this.about),
      this.shards.element,
      this.map,
      h("h3", null, "How statements ran"),
      this.tiers,
      h("h3", null, "Statements that took several servers"),
      this.statements.element,
      h("h3", null, "Tables"),
      this.tables.element,
    );
  }

  set(database) {
    this.about.textContent =
      database.epoch === null
        ? "No map yet: its catalog cannot be read, or drover shard init has not been run."
        : `${database.shards.length} shard${database.shards.length === 1 ? "" : "s"} · epoch ${database.epoch} of the map`;
    this.shards.set(database.shards);
    this.tables.set(database.tables);
    this.statements.set(database.statements);
    fill(this.tiers, tiers(database.tiers));
    const key = JSON.stringify([database.epoch, database.groups]);
    if (key !== this.key) {
      this.key = key;
      fill(this.map, database.groups.map((group) => groupView(group, database.shards)));
    }
  }
}

const shardColour = (group, number) => `g${group.shares.findIndex((one) => one.shard === number) % 8}`;
const nameOf = (shards, number) => shards.find((one) => one.number === number)?.name ?? `shard ${number}`;

function groupView(group, shards) {
  const rows = group.shares.map((share) =>
    h(
      "li",
      { class: "legend-item" },
      h("span", { class: `swatch c-${shardColour(group, share.shard)}`, "aria-hidden": "true" }),
      `${nameOf(shards, share.shard)} `,
      h(
        "span",
        { class: "legend-value" },
        group.placement === "hash"
          ? `${share.slots.toLocaleString("en")} slots, ${percent((100 * share.slots) / slots)}${share.pins > 0 ? `, ${share.pins} pinned` : ""}`
          : share.description,
      ),
    ),
  );
  return h(
    "section",
    { class: "group" },
    h(
      "h3",
      null,
      `Group ${group.name} `,
      badge("", `${group.key_type} by ${group.placement}`),
      group.imbalance_percent !== null
        && (group.imbalance_percent > 10
          ? badge("warn", `fullest ${number(group.imbalance_percent)} % above even`)
          : badge("good", "even")),
    ),
    group.placement === "hash" && slotMap(group, shards),
    h("ul", { class: "legend" }, rows),
  );
}

/** 4,096 slots as 64 columns of 64: what is together in the map is together here. */
function slotMap(group, shards) {
  const words = group.shares
    .map((share) => `${nameOf(shards, share.shard)}: ${share.slots}`)
    .join(", ");
  return s(
    "svg",
    { class: "slots", viewBox: `0 0 ${slots} 64`, preserveAspectRatio: "none", role: "img", "aria-label": `Slots of ${group.name}. ${words}.` },
    group.runs.map((run) =>
      s(
        "rect",
        { x: run.first, y: 0, width: run.last - run.first + 1, height: 64, class: `f-${shardColour(group, run.shard)}` },
        s("title", null, `slots ${run.first} to ${run.last}: ${nameOf(shards, run.shard)}`),
      ),
    ),
  );
}

function tiers(byTier) {
  const names = {
    one: ["s3", "one shard"],
    scatter: ["s1", "several, merged by the proxy"],
    divided: ["s4", "written on several"],
    coordinator: ["s5", "by the coordinator"],
  };
  const all = Object.values(byTier).reduce((sum, one) => sum + one, 0);
  if (all === 0) {
    return note("info", "No statement has run yet.");
  }
  const shown = Object.entries(names).map(([tier, [colour, words]]) => [byTier[tier] ?? 0, colour, words]);
  return h(
    "div",
    { class: "tiers" },
    bar(
      shown.map(([number, colour]) => [number / all, colour]),
      shown.map(([number, , words]) => `${words}: ${number}`).join(", "),
    ),
    h(
      "ul",
      { class: "legend" },
      shown.map(([number, colour, words]) =>
        h(
          "li",
          { class: "legend-item" },
          h("span", { class: `swatch c-${colour}`, "aria-hidden": "true" }),
          `${words} `,
          h("span", { class: "legend-value" }, `${count(number)} · ${percent((100 * number) / all)}`),
        ),
      ),
    ),
  );
}

function shardGrid(database) {
  return grid({
    label: `Shards of ${database}`,
    sort: ["number", "ascending"],
    id: (row) => row.number,
    none: "No shard is known.",
    columns: [
      { key: "number", label: "#", right: true, value: (row) => row.number },
      { key: "name", label: "Shard", value: (row) => row.name },
      { key: "server", label: "Server", value: (row) => `${row.host}:${row.port}`, cell: (row) => h("code", null, `${row.host ?? "unix"}:${row.port}`) },
      { key: "servers", label: "Connections", right: true, value: (row) => row.servers, cell: (row) => count(row.servers) },
      { key: "active", label: "At work", right: true, value: (row) => row.servers_active, cell: (row) => count(row.servers_active) },
      {
        key: "waiting",
        label: "Waiting",
        right: true,
        value: (row) => row.clients_waiting,
        cell: (row) => h("span", { class: row.clients_waiting > 0 ? "worse" : "muted" }, count(row.clients_waiting)),
      },
      { key: "rate", label: "Queries/s", right: true, value: (row) => row.queries_per_second, cell: (row) => count(row.queries_per_second) },
    ],
  });
}

function tableGrid(database) {
  return grid({
    label: `Tables of ${database}`,
    sort: ["table", "ascending"],
    id: (row) => row.table,
    none: "No table is declared: all are on the first shard.",
    columns: [
      { key: "table", label: "Table", value: (row) => row.table, cell: (row) => h("code", null, row.table) },
      { key: "kind", label: "Kind", value: (row) => row.kind, cell: (row) => badge(row.kind === "reference" ? "" : "good", row.kind) },
      { key: "key", label: "Key", value: (row) => row.key, cell: (row) => (row.key ? h("code", null, row.key) : "–") },
      { key: "group", label: "Group or shard", value: (row) => row.group, cell: (row) => row.group ?? "–" },
    ],
  });
}

function statementGrid(database) {
  return grid({
    label: `Statements of ${database} that took several servers`,
    sort: ["total", "descending"],
    id: (row) => `${row.tier}/${row.statement}`,
    none: "None since the process started.",
    columns: [
      { key: "statement", label: "Statement", wide: true, cell: (row) => h("code", { class: "sql clamp" }, row.statement) },
      { key: "tier", label: "How", value: (row) => row.tier, cell: (row) => badge("", row.tier) },
      { key: "shards", label: "Shards", right: true, value: (row) => row.shards },
      { key: "calls", label: "Calls", right: true, value: (row) => row.calls, cell: (row) => count(row.calls) },
      { key: "total", label: "Time", right: true, value: (row) => row.total_ms, cell: (row) => ms(row.total_ms) },
      { key: "mean", label: "Mean", right: true, value: (row) => row.mean_ms, cell: (row) => ms(row.mean_ms) },
    ],
  });
}
