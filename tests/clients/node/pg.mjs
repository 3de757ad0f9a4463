// node-postgres: text results, named and unnamed statements, its pool; prints one JSON document.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import copy from "pg-copy-streams";
import Cursor from "pg-cursor";
import { BIG, finish, outcome, sleep, step as timed, target } from "./steps.mjs";

async function connect(more = {}) {
    const client = new pg.Client({ ...target, connectionTimeoutMillis: 10_000, ...more });
    client.on("error", () => {});
    await client.connect();
    return client;
}

/** Runs a step on a connection of its own. */
const step = (name, action) =>
    timed(name, async () => {
        const client = await connect();
        try {
            return await action(client);
        } finally {
            await Promise.race([client.end(), sleep(2000)]);
        }
    });
const rows = async (c, text, values) => (await c.query({ text, values, rowMode: "array" })).rows;
const one = async (c, text, values) => (await rows(c, text, values))[0][0];
const shown = async (c, ...names) => {
    const result = [];
    for (const n of names) result.push(await one(c, `show ${n}`));
    return result;
};

await step("parameter_status", async () => {
    const reported = {};
    const client = new pg.Client(target);
    client.connection.on("parameterStatus", (m) => (reported[m.parameterName] = m.parameterValue));
    await client.connect();
    const names = ["server_version", "client_encoding", "DateStyle", "TimeZone", "application_name", "is_superuser"];
    await client.query("set TimeZone = 'asia/tokyo'; set DateStyle = german");
    await client.end();
    return Object.fromEntries(names.map((n) => [n, reported[n]]));
});

await step("startup_options", async () => {
    const c = await connect({
        options: "-c search_path=alpha,public",
        application_name: "the app",
        statement_timeout: 9000,
    });
    const first = await shown(c, "search_path", "application_name", "statement_timeout");
    await c.query("set search_path = x; set application_name = y; reset all");
    const second = await shown(c, "search_path", "application_name", "statement_timeout");
    await c.end();
    return [first, second];
});

await step("startup_login_refused", async () => {
    const attempt = (more) =>
        connect(more).then(
            () => "accepted",
            (e) => e.code,
        );
    return [await attempt({ password: "wrong" }), await attempt({ database: "no_such_database" })];
});

await step("types", async (c) => {
    const values = [
        ["int2", -32768],
        ["int4", 2147483647],
        ["int8", "-9223372036854775808"],
        ["bool", true],
        ["float8", 0.1],
        ["numeric", "12345678901234567890.000123"],
        ["text", "naïve 雪 '\"\\"],
        ["date", "2024-02-29"],
        ["timestamptz", new Date(Date.UTC(2024, 1, 29, 1, 2, 3, 4))],
        ["interval", "1 day 00:00:05"],
        ["uuid", "12345678-1234-5678-1234-567812345678"],
        ["jsonb", { a: [1, null] }],
        ["int4[]", [1, null, 3]],
        ["text[]", ["a,b", '"', null, ""]],
        ["bytea", Buffer.from([0, 1, 255])],
    ];
    await c.query("create type mood as enum ('sad', 'ok')");
    const result = {};
    for (const [type, value] of [...values, ["mood", "ok"]])
        result[type] = await outcome(rows(c, `select $1::${type}, null::${type}, $1::${type}::text`, [value]));
    return result;
});

await step("types_in_binary", async (c) => {
    const text = "select 7::int4, 8::int8, true, 1.5::float8, '\\x00ff'::bytea, 'x'::text, null::int4";
    return (await c.query({ text, binary: true, rowMode: "array", values: [] })).rows;
});

await step("transactions_and_savepoints", async (c) => {
    await c.query("create table tx (id int primary key)");
    await c.query("begin");
    await c.query("insert into tx values ($1)", [1]);
    await c.query("savepoint a");
    const failed = [await outcome(c.query("insert into tx values ($1)", [1])), await outcome(c.query("select 1"))];
    await c.query("rollback to savepoint a");
    await c.query("insert into tx values ($1)", [2]);
    const commit = (await c.query("commit")).command;
    await c.query("begin");
    await outcome(c.query("select 1/0"));
    const rolledBack = (await c.query("commit")).command;
    return [failed, commit, rolledBack, await rows(c, "select id from tx order by 1")];
});

await step("errors", async (c) => {
    await c.query("create table strict (id int primary key, n int not null constraint positive check (n > 0))");
    await c.query("insert into strict values (1, 1)");
    const result = [];
    for (const s of [
        "selec 1",
        "select * from nowhere",
        "select 1/0",
        "insert into strict values (1, 1)",
        "insert into strict values (2, null)",
        "insert into strict values (2, -1)",
    ]) {
        result.push(await outcome(c.query(s)), await outcome(c.query({ text: s, queryMode: "extended" })));
    }
    result.push(await outcome(c.query("select $1::int", ["not a number"])));
    return [result, await one(c, "select 1")];
});

await step("cancel", async (c) => {
    const sleeping = outcome(c.query("select pg_sleep(20)"));
    await sleep(300);
    const other = new pg.Connection({});
    other.on("error", () => {});
    other.connect(target.port, target.host);
    other.on("connect", () => other.cancel(c.processID, c.secretKey));
    return [await sleeping, await one(c, "select 'still here'")];
});

await step("statement_timeout", async (c) => {
    await c.query("set statement_timeout = 100");
    const result = [await outcome(c.query("select pg_sleep(20)")), await outcome(c.query("select pg_sleep($1)", [20]))];
    await c.query("reset statement_timeout");
    return [result, await shown(c, "statement_timeout")];
});

await step("copy", async (c) => {
    await c.query("create table copied (id int, v text)");
    const lines = function* () {
        for (let i = 0; i < 20000; i++) yield `${i}\tvalue ${i}\n`;
    };
    const into = () => c.query(copy.from("copy copied from stdin"));
    await pipeline(Readable.from(lines()), into());
    const hash = createHash("md5");
    await pipeline(c.query(copy.to("copy (select * from copied order by id) to stdout csv")), hash);
    const bad = await outcome(pipeline(Readable.from(["x\ty\n"]), into()));
    return [hash.digest("hex"), bad, await one(c, "select count(*) from copied")];
});

await step("prepared_statements", async (c) => {
    const result = [];
    for (let i = 0; i < 20; i++) result.push(await one(c, { name: "plus", text: "select $1::int + 1" }.text, [i]));
    let sum = 0;
    for (let round = 0; round < 2; round++)
        for (let i = 0; i < 200; i++)
            sum += (await c.query({ name: `many ${i}`, text: `select $1::int + ${i} as n`, values: [1] })).rows[0].n;
    result.push(sum, await outcome(c.query({ name: "many 1", text: "select 'other text'" })));
    return result;
});

await step("prepared_statements_after_deallocate", async (c) => {
    const result = [];
    for (const clear of ["deallocate all", "discard all"]) {
        const ask = () =>
            outcome(c.query({ name: "kept " + clear, text: "select $1::int as n", values: [7] }).then((r) => r.rows));
        result.push(await ask());
        await c.query(clear);
        result.push(await ask(), await ask());
    }
    return result;
});

await step("prepared_statements_after_ddl", async (c) => {
    await c.query("create table changing (a int); insert into changing values (1)");
    // A proxy may answer right away what PostgreSQL refuses with 0A000 until prepared anew: both are the same outcome.
    let generation = 0;
    const ask = async () => {
        const query = () =>
            c.query({ name: `changing ${generation}`, text: "select * from changing where a = $1", values: [1] });
        const r = await query().catch((e) => (e.code === "0A000" ? (generation++, query()) : Promise.reject(e)));
        return r.rows;
    };
    const result = [await outcome(ask()), await outcome(ask())];
    await c.query("alter table changing add b text default 'new'");
    result.push(await outcome(ask()), await outcome(ask()));
    await c.query("drop table changing");
    result.push(await outcome(ask()));
    return result;
});

await step("queued_queries", async (c) => {
    const answers = [];
    for (let i = 0; i < 50; i++)
        answers.push(outcome(one(c, i === 25 ? "select 1/0" : "select $1::int", i === 25 ? [] : [i])));
    return Promise.all(answers);
});

await step("notices", async (c) => {
    const got = [];
    c.on("notice", (n) => got.push([n.severity, n.code, n.message]));
    await c.query("do $$ begin raise notice 'n'; raise warning 'w'; end $$");
    await c.query("drop table if exists never_there");
    return got;
});

await step("listen_and_notify", async (c) => {
    const got = [];
    c.on("notification", (n) => got.push([n.channel, n.payload]));
    await c.query("listen news");
    for (let i = 0; i < 3; i++) await c.query("select 1");
    const speaker = await connect();
    await speaker.query("select pg_notify('news', $1)", ["one"]);
    await speaker.query("notify news, 'two'");
    await speaker.end();
    for (let i = 0; i < 150 && got.length < 2; i++) await sleep(20);
    await c.query("unlisten *");
    return got;
});

await step("temporary_tables", async (c) => {
    await c.query("create temp table scratch (i int)");
    for (let i = 0; i < 10; i++) await c.query("insert into scratch values ($1)", [i]);
    return rows(c, "select sum(i) from scratch");
});

await step("settings", async (c) => {
    const names = ["search_path", "TimeZone", "role", "work_mem"];
    await c.query("set search_path = alpha; set TimeZone = 'Asia/Tokyo'; set role app_reader");
    const result = [await shown(c, ...names), await shown(c, ...names)];
    await c.query("begin; set local work_mem = '7MB'; set search_path = gone");
    result.push(await shown(c, ...names));
    await c.query("rollback");
    result.push(await shown(c, ...names));
    await c.query("reset role; reset all");
    result.push(await shown(c, ...names));
    return result;
});

await step("hold_cursors", async (c) => {
    await c.query("declare held cursor with hold for select generate_series(1, 10)");
    const result = [];
    for (let i = 0; i < 4; i++) result.push(await rows(c, "fetch 3 from held"));
    await c.query("close held");
    return result;
});

await step("advisory_locks", async (c) => {
    const other = await connect();
    await c.query("select pg_advisory_lock(99)");
    const result = [];
    for (let i = 0; i < 3; i++) result.push(await one(other, "select pg_try_advisory_lock(99)"));
    result.push(await one(c, "select pg_advisory_unlock(99)"), await one(other, "select pg_try_advisory_lock(99)"));
    await other.end();
    return result;
});

await step("large_values", async (c) => {
    const data = Buffer.alloc(BIG, "0123456789abcdef");
    const back = await one(c, "select $1::bytea", [data]);
    return [back.equals(data), await one(c, "select length($1)", [data.toString()])];
});

await step("large_result_set", async (c) => {
    let sum = 0;
    for (const [n] of await rows(c, "select n, repeat('x', 40) from generate_series(1, 100000) n")) sum += n;
    return sum;
});

await step("server_side_cursors", async (c) => {
    const cursor = c.query(new Cursor("select generate_series(1, $1::int) as n", [1000]));
    let sum = 0;
    for (let batch = await cursor.read(90); batch.length > 0; batch = await cursor.read(90)) {
        for (const row of batch) sum += row.n;
    }
    const early = c.query(new Cursor("select generate_series(1, 1000) as n"));
    const first = await early.read(2);
    await early.close();
    return [sum, first, await one(c, "select 'after'")];
});

await step("several_statements_at_once", async (c) => {
    const sets = await c.query(
        "create table multi (i int primary key); insert into multi values (1); select * from multi",
    );
    const failed = await outcome(c.query("insert into multi values (2); insert into multi values (1)"));
    return [
        sets.map((s) => [s.command, s.rowCount]),
        failed,
        await rows(c, "select i from multi"),
        (await c.query("")).command,
    ];
});

await step("sql_prepare", async (c) => {
    await c.query("prepare p (int) as select $1 + 1");
    const result = [];
    for (let i = 0; i < 5; i++) result.push(await one(c, `execute p (${i})`));
    await c.query("deallocate p");
    return [result, await outcome(c.query("execute p (1)"))];
});

await step("pool_of_clients", async () => {
    const pool = new pg.Pool({ ...target, max: 5 });
    const work = Array.from({ length: 100 }, (_, i) => one(pool, "select $1::int * 2", [i]));
    const result = await Promise.all(work);
    await pool.end();
    return result;
});

finish();
