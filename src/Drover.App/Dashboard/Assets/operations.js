// Long operations as their journals have them: how far, how fast, and what they wait for.
import { get } from "./api.js";
import { h, fill } from "./dom.js";
import { ago, bytes, count, moment, number, seconds } from "./format.js";
import { badge, empty, failed, loading, note } from "./states.js";

const kinds = {
  planned: "",
  running: "good",
  paused: "warn",
  ready: "warn",
  watching: "good",
  failed: "bad",
  finished: "",
  aborted: "",
};
const closed = ["finished", "aborted"];

export async function show({ body, session }) {
  const stop = new AbortController();
  if (!session.has_journals) {
    fill(
      body,
      empty(
        "No journal is followed yet",
        "Conversions of tables and other long operations are journaled in the database that they work on. Name those "
          + "databases, and this page shows what runs there, whoever runs it.",
        `[proxy]
maintenance_databases = ["postgres://drover@db.example/shop"]`,
      ),
    );
    return () => stop.abort();
  }
  fill(body, loading("the journals"));
  const opened = new Set();
  let shown = "";

  async function read() {
    try {
      const answer = await get("operations", null, stop.signal);
      // Times pass, runs do not: only what has changed is drawn anew, so nothing moves under a reader.
      const key = JSON.stringify(answer.journals.map(({ read_at, ...rest }) => rest));
      if (key !== shown) {
        shown = key;
        fill(body, answer.journals.map((journal) => journalView(journal, opened)));
      }
    } catch (problem) {
      if (problem.name !== "AbortError") {
        shown = "";
        fill(body, failed(problem, read));
      }
    }
  }

  await read();
  const timer = setInterval(() => !document.hidden && read(), 3000);
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}

function journalView(journal, opened) {
  return h(
    "section",
    { class: "journal" },
    h("h2", null, h("code", null, journal.database)),
    journal.problem && note("bad", journal.problem),
    !journal.problem && journal.runs.length === 0 && note("info", "Nothing has been run here: drover partition start begins one."),
    journal.runs.map((run) => runView(run, journal.database, opened)),
  );
}

function runView(run, database, opened) {
  const isClosed = closed.includes(run.state);
  const name = `${database}/${run.run}`;
  const own = run.steps.filter((step) => step.detour === null);
  const done = own.filter((step) => step.state === "done").length;
  const more = h(
    "details",
    {
      open: opened.has(name),
      ontoggle: (event) => (event.currentTarget.open ? opened.add(name) : opened.delete(name)),
    },
    h("summary", null, `${own.length} steps, ${run.events.length} latest events`),
    h("ol", { class: "steps" }, run.steps.filter((step) => step.detour === null || step.state !== "pending").map(stepView)),
    h(
      "ul",
      { class: "events" },
      [...run.events].reverse().map((event) =>
        h("li", null, h("time", { datetime: event.at }, moment(event.at)), h("b", null, event.kind), h("span", null, event.message)),
      ),
    ),
  );
  return h(
    "article",
    { class: `run ${isClosed ? "closed" : ""}` },
    h(
      "header",
      null,
      h("h3", null, `${run.kind} `, h("code", null, run.target)),
      badge(kinds[run.state] ?? "", run.state),
      h("span", { class: "muted" }, `run ${run.run} · ${run.strategy} · begun ${ago(run.created_at)}`),
    ),
    run.error && note("bad", run.error),
    run.throttle_reason && note("warn", `Slowed: ${run.throttle_reason}`),
    !run.is_runner_alive && run.state === "running" && note("bad", "Nobody works on it: the runner is gone. resume goes on from the journal."),
    run.request && note("info", `Asked to ${run.request}, not done yet.`),
    !isClosed && progress(run, done, own.length),
    more,
  );
}

function progress(run, done, all) {
  const part = Math.round(run.progress * 1000) / 10;
  return h(
    "div",
    { class: "progress" },
    h("p", null, h("b", null, run.title ?? run.step ?? "Not begun"), run.detour && badge("warn", run.detour)),
    h("progress", { max: 100, value: part, "aria-label": `Step ${run.step}: ${part} percent` }),
    h(
      "p",
      { class: "muted" },
      [
        `step ${Math.min(done + 1, all)} of ${all}`,
        `${part} %`,
        run.rows > 0 && `${count(run.rows)} rows`,
        run.rows_per_second > 0 && `${count(run.rows_per_second)} rows/s`,
        run.eta_seconds !== null && `${seconds(Math.round(run.eta_seconds))} left at this speed`,
        run.runner && `by ${run.runner}, heard ${ago(run.heartbeat_at)}`,
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

function stepView(step) {
  const figures = [
    step.rows > 0 && `${count(step.rows)} rows`,
    step.bytes > 0 && bytes(step.bytes),
    step.state === "running" && `${number(Math.round(step.progress * 100))} %`,
    step.started_at
      && step.finished_at
      && seconds(Math.max(0.01, (new Date(step.finished_at) - new Date(step.started_at)) / 1000)),
  ].filter(Boolean);
  return h(
    "li",
    { class: step.state },
    h("span", { class: "step-state" }, step.state),
    h("span", null, step.title, step.note && h("span", { class: "muted" }, ` ${step.note}`)),
    h("span", { class: "muted right" }, figures.join(" · ")),
  );
}
