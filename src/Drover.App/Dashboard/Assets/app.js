// The frame: which page, the menu, colours, and whether the values are live.
import { get } from "./api.js";
import { h, fill } from "./dom.js";
import { repaint } from "./chart.js";
import { ago } from "./format.js";
import { listen, start } from "./live.js";
import { failed } from "./states.js";

const pages = [
  { path: "/", label: "Overview", load: () => import("./overview.js") },
  { path: "/statements", label: "Statements", load: () => import("./statements.js") },
  { path: "/tables", label: "Tables", load: () => import("./tables.js") },
  { path: "/pools", label: "Pools and clients", load: () => import("./pools.js") },
  { path: "/shards", label: "Shards", load: () => import("./shards.js") },
  { path: "/operations", label: "Operations", load: () => import("./operations.js") },
  { path: "/advice", label: "Advice", load: () => import("./advice.js") },
  { path: "/growth", label: "Cost and growth", load: () => import("./growth.js") },
];

const main = document.getElementById("main");
let leave = null;
let turn = 0;

async function show(path, isFirst) {
  const page = pages.find((one) => one.path === path) ?? pages[0];
  const mine = ++turn;
  leave?.();
  leave = null;
  document.title = `${page.label} · Drover`;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.getAttribute("href") === page.path) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
  const title = h("h1", { tabindex: -1 }, page.label);
  const tools = h("div", { class: "tools" });
  const body = h("div", { class: "page" });
  fill(main, h("div", { class: "page-head" }, title, tools), body);
  if (!isFirst) {
    // Somebody who listens is told where he is now.
    title.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  try {
    const module = await page.load();
    if (mine === turn) {
      leave = await module.show({ body, tools, session });
      if (mine !== turn) {
        leave?.();
      }
    }
  } catch (problem) {
    if (mine === turn && problem.name !== "AbortError") {
      fill(body, failed(problem, () => show(path, false)));
    }
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) {
    return;
  }
  const url = new URL(link.href);
  if (pages.some((page) => page.path === url.pathname)) {
    event.preventDefault();
    history.pushState(null, "", url.pathname + url.search);
    show(url.pathname, false);
  }
});

addEventListener("popstate", () => show(location.pathname, false));

function drawMenu() {
  fill(
    document.getElementById("nav"),
    pages.map((page) => h("li", null, h("a", { href: page.path }, page.label))),
  );
}

const themes = ["system", "light", "dark"];

function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

function drawTheme() {
  document.getElementById("theme").textContent = `Colours: ${theme()}`;
}

function nextTheme() {
  const next = themes[(themes.indexOf(theme()) + 1) % themes.length];
  if (next === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = next;
  }
  try {
    localStorage.setItem("drover.theme", next);
  } catch {
    // It holds for this page.
  }
  drawTheme();
  repaint();
}

function drawLive({ state, at, last }) {
  const element = document.getElementById("live");
  const words =
    state === "stale"
      ? `No values for ${Math.round((Date.now() - at) / 1000)} s`
      : state === "connecting"
        ? "Connecting"
        : last.stage !== "serving"
          ? `Live · ${last.stage}`
          : last.state !== "active"
            ? `Live · ${last.state}`
            : "Live";
  element.className = `live ${state}`;
  // Said once, not with each second that passes.
  if (state !== "stale" || element.dataset.state !== "stale") {
    element.dataset.state = state;
  }
  element.textContent = words;
  element.title = at ? `Last sample ${ago(at)}` : "";
  document.body.classList.toggle("is-stale", state === "stale");
}

async function logOut() {
  await fetch("/logout", { method: "POST" });
  location.assign("/login");
}

const session = await get("session").catch(() => null);
if (session && !session.logged_in) {
  location.replace(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
} else {
  drawMenu();
  drawTheme();
  document.getElementById("theme").addEventListener("click", nextTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  const logout = document.getElementById("logout");
  logout.hidden = !session?.login_required;
  logout.addEventListener("click", logOut);
  document.getElementById("version").textContent = session ? `Drover ${session.version}` : "";
  listen(drawLive);
  start();
  await show(location.pathname, true);
}
