// Which server, and how long back: kept in the address, so that a link shows the same.
import { h } from "./dom.js";

export const ranges = [
  [30, "30 min"],
  [360, "6 h"],
  [1440, "24 h"],
  [10080, "7 d"],
  [43200, "30 d"],
];

export function parameter(name, absent) {
  return new URLSearchParams(location.search).get(name) ?? absent;
}

export function minutes(absent = 360) {
  const wanted = Number(parameter("minutes", absent));
  return ranges.some(([value]) => value === wanted) ? wanted : absent;
}

function keep(name, value) {
  const query = new URLSearchParams(location.search);
  query.set(name, value);
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

/** Buttons of which one is pressed. */
export function choice(label, options, chosen, onchange) {
  const buttons = options.map(([value, text]) =>
    h(
      "button",
      {
        type: "button",
        "aria-pressed": value === chosen ? "true" : "false",
        onclick: (event) => {
          for (const button of buttons) {
            button.setAttribute("aria-pressed", button === event.currentTarget ? "true" : "false");
          }
          onchange(value);
        },
      },
      text,
    ),
  );
  return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}

export function rangeChoice(absent, onchange) {
  return choice("Time", ranges, minutes(absent), (value) => {
    keep("minutes", value);
    onchange(value);
  });
}

/** The server of the address, else the first; a choice where there are several. */
export function serverChoice(servers, onchange) {
  const wanted = parameter("server", servers[0].name);
  const chosen = servers.some((one) => one.name === wanted) ? wanted : servers[0].name;
  const element =
    servers.length < 2
      ? null
      : h(
          "label",
          { class: "pick" },
          h("span", { class: "unseen" }, "Server"),
          h(
            "select",
            {
              onchange: (event) => {
                keep("server", event.currentTarget.value);
                onchange(event.currentTarget.value);
              },
            },
            servers.map((one) => h("option", { value: one.name, selected: one.name === chosen }, one.name)),
          ),
        );
  return { chosen, element };
}

export const monitorConfiguration = `[monitor.servers.main]
connection = "postgres://drover@db.example/shop"`;
