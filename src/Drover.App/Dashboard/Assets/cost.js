// What the servers cost a month: a line each, and the whole per TB and per query.
import { get } from "./api.js";
import { h, fill } from "./dom.js";
import { number } from "./format.js";
import { grid } from "./grid.js";
import { note } from "./states.js";

const dash = "–";

/** Reads the bills into an element; what is wrong there is said there. */
export async function costs(element, signal) {
  try {
    const answer = await get("cost", null, signal);
    fill(element, answer.servers.length === 0 ? unpriced() : drawn(answer));
  } catch (problem) {
    if (problem.name !== "AbortError") {
      fill(element, note("bad", `The cost cannot be read: ${problem.message}`));
    }
  }
}

function unpriced() {
  return note("info", "No prices are known: write [prices.servers.NAME] with instance_month into drover.toml, and this page says what a month, a TB and a query cost.");
}

function drawn(answer) {
  const table = grid({
    label: "Cost by server",
    id: (row) => row.name,
    columns: [
      { key: "name", label: "Server", value: (row) => row.name },
      { key: "month", label: "A month", right: true, value: (row) => row.month, cell: (row) => money(row.month) },
      { key: "instance", label: "Machine", right: true, value: (row) => row.instance, cell: (row) => money(row.instance) },
      { key: "storage", label: "Storage", right: true, value: (row) => row.storage, cell: (row) => money(row.storage) },
      { key: "io", label: "I/O", right: true, hint: "What is counted by the million is known to drover cost only", value: (row) => row.io, cell: (row) => money(row.io) },
      { key: "backup", label: "Backups", right: true, value: (row) => row.backup, cell: (row) => money(row.backup) },
      { key: "size", label: "GB", right: true, hint: "Of 10^9 bytes", value: (row) => row.gigabytes, cell: (row) => number(row.gigabytes) },
      { key: "rate", label: "Statements a second", right: true, hint: "The mean of seven days", value: (row) => row.queries_per_second, cell: (row) => number(row.queries_per_second) },
    ],
  });
  table.set(answer.servers);
  return [
    h("h2", null, "Cost"),
    h(
      "p",
      { class: "bill" },
      `${money(answer.month)} ${answer.currency} a month, ${money(answer.per_tb)} per TB, ${small(answer.per_query)} per query.`,
    ),
    table.element,
    h("p", { class: "muted" }, "A month has 730.5 hours; the prices are those of drover.toml. drover cost --plan says what a change would do."),
    h("h2", null, "Growth"),
  ];
}

function money(value) {
  return value === null ? dash : value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Two significant digits, without an exponent. */
function small(value) {
  return value === null ? dash : value.toLocaleString("en", { maximumSignificantDigits: 2 });
}
