// Asks the JSON interface. An answer that is none becomes an error with words for a person.

export class ApiProblem extends Error {}

/** The answer of /api/v1/path; leaves for the login where one is needed. */
export async function get(path, parameters, signal) {
  const query = new URLSearchParams(
    Object.entries(parameters ?? {}).filter(([, value]) => value !== null && value !== undefined),
  ).toString();
  let answer;
  try {
    answer = await fetch(`/api/v1/${path}${query ? `?${query}` : ""}`, { signal });
  } catch (failure) {
    if (failure.name === "AbortError") {
      throw failure;
    }
    throw new ApiProblem("Drover does not answer. Is it running, and can this machine reach it?");
  }
  if (answer.status === 401) {
    logIn();
    throw new ApiProblem("You have to log in.");
  }
  if (!answer.ok) {
    const body = await answer.json().catch(() => ({}));
    throw new ApiProblem(body.error ?? `Drover answered ${answer.status}.`);
  }
  return answer.json();
}

/** To the login, and back here afterwards. */
export function logIn() {
  location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
}

export const server = (name, what) => `servers/${encodeURIComponent(name)}/${what}`;
