// Sends the token; the cookie that comes back is the session.
const form = document.getElementById("form");
const field = document.getElementById("token");
const problem = document.getElementById("problem");

function target() {
  const to = new URLSearchParams(location.search).get("to") ?? "/";
  return to.startsWith("/") && !to.startsWith("//") && !to.includes("\\") ? to : "/";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: field.value.trim() }),
    });
    if (answer.ok) {
      location.replace(target());
      return;
    }
    const body = await answer.json().catch(() => ({}));
    problem.textContent = sentence(body.error ?? `The server answered ${answer.status}`);
  } catch {
    problem.textContent = "The server does not answer. Is Drover running?";
  }
  field.select();
  field.focus();
});

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + ".";
}

field.focus();
