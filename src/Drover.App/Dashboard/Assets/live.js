// The live values: one stream for the page, and who listens to it.
import { get } from "./api.js";

const listeners = new Set();
const staleAfterMs = 9000;

export const live = {
  /** The newest sample; null before the first. */
  last: null,
  /** connecting, live or stale. */
  state: "connecting",
  /** When the last sample came, by this machine's clock. */
  at: 0,
};

let source = null;

/** Opens the stream. */
export function start() {
  connect();
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && source?.readyState === EventSource.CLOSED) {
      connect();
    }
  });
}

/** Calls back with each sample and each change of state; gives back how to stop that. */
export function listen(callback) {
  listeners.add(callback);
  return () => listeners.delete(callback);
}

function connect() {
  source?.close();
  source = new EventSource("/api/v1/stream");
  source.addEventListener("live", (event) => {
    live.last = JSON.parse(event.data);
    live.at = Date.now();
    live.state = "live";
    tell();
  });
  source.addEventListener("error", () => {
    // The browser tries again by itself, unless it was answered with something else than a stream.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(again, 5000);
    }
  });
}

async function again() {
  try {
    // Leaves for the login when the session is over.
    await get("live");
  } catch {
    // Still away.
  }
  if (source.readyState === EventSource.CLOSED) {
    connect();
  }
}

function look() {
  const isOld = live.at > 0 && Date.now() - live.at > staleAfterMs;
  const state = live.at === 0 ? "connecting" : isOld ? "stale" : "live";
  if (state !== live.state || state === "stale") {
    live.state = state;
    tell();
  }
}

function tell() {
  for (const listener of listeners) {
    listener(live);
  }
}
