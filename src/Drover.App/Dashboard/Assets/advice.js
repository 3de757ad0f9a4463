// What to do next, in order of gain, each with its price, its command and the way back.
import { get } from "./api.js";
import { monitorConfiguration, serverChoice } from "./controls.js";
import { h, fill } from "./dom.js";
import { ago } from "./format.js";
import { badge, empty, loading, note } from "./states.js";

const gains = {
  safety: ["bad", "keeps an outage away"],
  time: ["warn", "saves time"],
  space: ["good", "saves space"],
  insight: ["", "shows more"],
};

export async function show({ body, tools }) {
  const stop = new AbortController();
  fill(body, loading("the advice"));
  const { servers } = await get("advice", null, stop.signal);
  if (servers.length === 0) {
    fill(
      body,
      empty(
        "No server is measured yet",
        "Name a PostgreSQL server in drover.toml, or look once with drover inspect postgres://….",
        monitorConfiguration,
      ),
    );
    return () => stop.abort();
  }
  const draw = (name) => fill(body, serverView(servers.find((one) => one.server === name)));
  const pick = serverChoice(
    servers.map((one) => ({ name: one.server })),
    draw,
  );
  tools.append(pick.element ?? "");
  draw(pick.chosen);
  return () => stop.abort();
}

function serverView(one) {
  const when = h("p", { class: "muted" }, one.inspected_at ? `Looked at ${ago(one.inspected_at)}. Nothing here is run by Drover.` : "");
  if (!one.inspected_at) {
    return note("info", "This server has not been looked at yet: the first advice comes within ten minutes.");
  }
  if (one.recommendations.length === 0) {
    return [when, note("good", "Nothing to recommend.")];
  }
  return [when, h("ol", { class: "advice" }, one.recommendations.map(adviceView))];
}

function adviceView(advice) {
  const [kind, words] = gains[advice.gain] ?? ["", advice.gain];
  return h(
    "li",
    null,
    h(
      "article",
      null,
      h(
        "header",
        null,
        h("h2", null, advice.code.replaceAll("-", " ").replace(/^./, (first) => first.toUpperCase()), " ", h("code", null, advice.subject)),
        badge(kind, words),
      ),
      h("p", { class: "evidence" }, advice.evidence),
      h(
        "dl",
        { class: "facts" },
        fact("Gives", advice.expected),
        fact("Costs", advice.price),
        fact("Risk", advice.risk),
      ),
      command("Do", advice.do),
      advice.undo && command("Undo", advice.undo),
    ),
  );
}

const fact = (name, text) => text && h("div", null, h("dt", null, name), h("dd", null, text));

function command(name, text) {
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet copy",
      "aria-label": `Copy the command: ${name.toLowerCase()}`,
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = "Copied";
        } catch {
          button.textContent = "Select it";
          getSelection().selectAllChildren(code);
        }
        setTimeout(() => (button.textContent = "Copy"), 1500);
      },
    },
    "Copy",
  );
  const code = h("code", { class: "sql" }, text);
  return h(
    "div",
    { class: "command" },
    h("span", { class: "command-name" }, name),
    h("pre", { tabindex: 0, "aria-label": `Command: ${name.toLowerCase()}` }, code),
    button,
  );
}
