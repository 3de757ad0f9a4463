// A table of rows: sorted by its heads, with rows that open, in a region that scrolls on narrow screens.
import { h, fill } from "./dom.js";

/**
 * columns: [{key, label, value: row => sortable, cell: row => node or text, right, wide, hint}]
 * sort: [key, "descending"]; id: row => what it is the same row by; detail: row => node, for rows that open.
 */
export function grid({ label, columns, sort, id, detail, none = "Nothing." }) {
  return new Grid({ label, columns, sort, id, detail, none });
}

class Grid {
  constructor(options) {
    this.options = options;
    [this.key, this.order] = options.sort ?? [options.columns[0].key, "ascending"];
    this.rows = [];
    this.open = new Map();
    this.heads = options.columns.map((column) => this.head(column));
    this.body = h("tbody");
    this.element = h(
      "div",
      { class: "scroll", role: "region", "aria-label": options.label, tabindex: 0 },
      h(
        "table",
        null,
        h("caption", { class: "unseen" }, options.label),
        h("thead", null, h("tr", null, this.heads)),
        this.body,
      ),
    );
    this.mark();
  }

  head(column) {
    return h(
      "th",
      { scope: "col", class: column.right ? "right" : null, title: column.hint },
      column.value
        ? h("button", { type: "button", class: "sort", onclick: () => this.sortBy(column) }, column.label)
        : column.label,
    );
  }

  sortBy(column) {
    if (this.key === column.key) {
      this.order = this.order === "ascending" ? "descending" : "ascending";
    } else {
      this.key = column.key;
      this.order = column.right ? "descending" : "ascending";
    }
    this.mark();
    this.draw();
  }

  mark() {
    this.options.columns.forEach((column, i) => {
      if (column.key === this.key) {
        this.heads[i].setAttribute("aria-sort", this.order);
      } else {
        this.heads[i].removeAttribute("aria-sort");
      }
    });
  }

  set(rows) {
    this.rows = rows;
    this.draw();
  }

  draw() {
    const { columns, id, detail, none } = this.options;
    const sorted = this.sorted();
    // What has the keyboard keeps it when the rows are drawn anew.
    const focused = this.body.contains(document.activeElement)
      ? document.activeElement.closest("tr")?.dataset.id
      : undefined;
    if (sorted.length === 0) {
      fill(this.body, h("tr", null, h("td", { colspan: columns.length, class: "muted" }, none)));
      return;
    }
    const seen = new Set();
    const rows = [];
    for (const row of sorted) {
      const name = String(id(row));
      seen.add(name);
      rows.push(this.row(row, name));
      if (this.open.has(name)) {
        rows.push(this.open.get(name));
      }
    }
    for (const name of this.open.keys()) {
      if (!seen.has(name)) {
        this.open.delete(name);
      }
    }
    fill(this.body, rows);
    if (focused !== undefined && detail) {
      [...this.body.rows].find((row) => row.dataset.id === focused)?.querySelector("button")?.focus();
    }
  }

  row(row, name) {
    const { columns, detail } = this.options;
    const cells = columns.map((column, i) => {
      const content = column.cell ? column.cell(row) : String(column.value(row));
      const inner =
        i === 0 && detail
          ? h(
              "button",
              {
                type: "button",
                class: "opener",
                "aria-expanded": this.open.has(name) ? "true" : "false",
                onclick: () => this.toggle(row, name),
              },
              content,
            )
          : content;
      return h("td", { class: [column.right ? "right" : "", column.wide ? "wide" : ""].join(" ").trim() || null }, inner);
    });
    return h("tr", { "data-id": name }, cells);
  }

  toggle(row, name) {
    if (this.open.has(name)) {
      this.open.delete(name);
    } else {
      const { columns, detail } = this.options;
      this.open.set(name, h("tr", { class: "detail" }, h("td", { colspan: columns.length }, detail(row))));
    }
    this.draw();
  }

  sorted() {
    const column = this.options.columns.find((one) => one.key === this.key);
    if (!column?.value) {
      return this.rows;
    }
    const sign = this.order === "ascending" ? 1 : -1;
    return [...this.rows].sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === y) {
        return 0;
      }
      // What is not known is last, whichever way.
      if (x === null || x === undefined) {
        return 1;
      }
      if (y === null || y === undefined) {
        return -1;
      }
      return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
    });
  }
}

/** A bar of parts: [[share 0..1, class]], with words for those who do not see it. */
export function bar(parts, words) {
  return h(
    "span",
    { class: "bar", role: "img", "aria-label": words },
    parts.map(([share, kind]) =>
      h("span", { class: `bar-part ${kind}`, style: { width: `${Math.min(100, Math.max(0, share * 100))}%` } }),
    ),
  );
}
