// Runs the named steps of a client script, records each outcome, and prints one JSON document at the end.

export const target = {
    host: process.env.PGHOST,
    port: Number(process.env.PGPORT),
    user: process.env.PGUSER,
    password: process.env.PGPASSWORD,
    database: process.env.PGDATABASE,
};
// The libraries take the values above, given to them explicitly, and nothing else.
for (const name of Object.keys(process.env)) if (name.startsWith("PG")) delete process.env[name];

export const BIG = 20 * 1024 * 1024;
const stepMs = 30_000;
const outcomes = {};

/** The parts of a server's error that a program may depend on; of any other error, its kind and text. */
export function told(error) {
    if (error.severity === undefined) {
        console.error(error);
        return { exception: error.code ?? error.name, text: error.message };
    }
    const names = [
        "code",
        "severity",
        "message",
        "detail",
        "hint",
        "position",
        "schema",
        "schema_name",
        "table",
        "table_name",
        "column",
        "column_name",
        "constraint",
        "constraint_name",
    ];
    return Object.fromEntries(names.filter((n) => error[n] !== undefined).map((n) => [n, error[n]]));
}

/** The value of a promise, or what is told of its error. */
export async function outcome(promise) {
    try {
        return await promise;
    } catch (error) {
        return told(error);
    }
}

/** Runs one step and stores its outcome; a step that hangs is an outcome too. */
export async function step(name, action) {
    if (name in outcomes) throw new Error("step named twice: " + name);
    let timer;
    const late = new Promise((resolve) => {
        timer = setTimeout(() => resolve({ exception: "step timed out" }), stepMs);
    });
    outcomes[name] = await Promise.race([outcome(action()), late]);
    clearTimeout(timer);
    if (process.env.CLIENT_TRACE) console.error(name, JSON.stringify(outcomes[name])?.slice(0, 200));
}

/** Prints the document and ends the process, whatever sockets are left. */
export function finish() {
    const text = JSON.stringify(outcomes, (_, v) => (typeof v === "bigint" ? `${v}n` : v === undefined ? null : v), 1);
    process.stdout.write(text + "\n", () => process.exit(0));
}

process.on("unhandledRejection", (error) => console.error("unhandled", error));
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
