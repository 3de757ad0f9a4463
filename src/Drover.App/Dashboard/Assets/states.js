// What a page shows while it has nothing else: it loads, there is nothing, it failed.
import { h } from "./dom.js";

export function loading(what) {
  return h("p", { class: "loading", role: "status" }, `Reading ${what} …`);
}

/** Nothing there: why, and what to write into the configuration. */
export function empty(title, text, configuration) {
  return h(
    "section",
    { class: "empty" },
    h("h2", null, title),
    h("p", null, text),
    configuration && h("pre", { tabindex: 0, "aria-label": "Configuration to add" }, h("code", null, configuration)),
  );
}

export function failed(problem, again) {
  return h(
    "section",
    { class: "failed", role: "alert" },
    h("h2", null, "This could not be read"),
    h("p", null, problem.message),
    again && h("button", { type: "button", onclick: again }, "Try again"),
  );
}

export function note(kind, ...children) {
  return h("p", { class: `note ${kind}` }, ...children);
}

export function badge(kind, text) {
  return h("span", { class: `badge ${kind}` }, text);
}
