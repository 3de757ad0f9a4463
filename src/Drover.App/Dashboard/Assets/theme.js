// Before anything is drawn: the colours that were chosen here, else those of the system.
"use strict";
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("drover.theme");
  } catch {
    // No storage: the system's.
  }
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
})();
