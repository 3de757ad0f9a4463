// postgres.js: prepared and pipelined by itself, its own pool, subscriptions to channels; prints one JSON document.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { BIG, finish, outcome, sleep, step as timed, target } from "./steps.mjs";

const notices = [];
const open = (more = {}) =>
    postgres({
        ...target,
        max: 1,
        connect_timeout: 10,
        fetch_types: true,
        onnotice: (n) => notices.push([n.severity, n.code, n.message]),
        ...more,
    });

/** Runs a step on a connection of its own. */
const step = (name, action) =>
    timed(name, async () => {
        const sql = open();
        try {
            return await action(sql);
        } finally {
            await sql.end({ timeout: 2 });
        }
    });
const plain = (rows) => rows.map((r) => Object.values(r));

await step("startup_connection_options", async () => {
    const connection = { application_name: "the app", search_path: "alpha,public", statement_timeout: 9000 };
    const sql = open({ connection });
    const ask = () => sql`select current_setting('application_name') a, current_setting('search_path') s,
    current_setting('statement_timeout') t`;
    const result = [plain(await ask())];
    await sql`set search_path = beta`;
    await sql`reset search_path`;
    result.push(plain(await ask()));
    await sql.end();
    return result;
});

await step("parameters_seen", async (sql) => {
    await sql`select 1`;
    await sql`set TimeZone = 'asia/tokyo'`;
    const p = sql.parameters;
    return ["server_version", "client_encoding", "DateStyle", "TimeZone", "is_superuser"].map((n) => [n, p[n]]);
});

await step("types", async (sql) => {
    await sql`create type mood as enum ('sad', 'ok')`.simple();
    return plain(
        await sql`select ${1}::int, ${"-9223372036854775808"}::int8, ${true}::bool, ${0.1}::float8,
    ${"1.10"}::numeric, ${"naïve 雪"}::text, ${new Date(0)}::timestamptz, ${sql.json({ a: [1, null] })}::jsonb,
    ${[1, 2, 3]}::int[], ${["a,b", '"', ""]}::text[], ${Buffer.from([0, 255])}::bytea, ${"ok"}::mood, ${null}::int,
    ${"12345678-1234-5678-1234-567812345678"}::uuid, ${"1 day"}::interval`,
    );
});

await step("transactions_and_savepoints", async (sql) => {
    await sql`create table tx (id int primary key)`;
    const failed = await outcome(
        sql.begin(async (t) => {
            await t`insert into tx values (1)`;
            await t`insert into tx values (1)`;
        }),
    );
    const inner = await sql.begin(async (t) => {
        await t`insert into tx values (2)`;
        const error = await outcome(
            t.savepoint(async (s) => {
                await s`insert into tx values (3)`;
                await s`select 1/0`;
            }),
        );
        await t`insert into tx values (4)`;
        return error;
    });
    const level = await sql.begin("isolation level serializable read only", (t) => [
        t`show transaction_isolation`,
        t`show transaction_read_only`,
    ]);
    return [failed, inner, level.map(plain), plain(await sql`select id from tx order by 1`)];
});

await step("errors", async (sql) => {
    await sql`create table strict (id int primary key, n int not null constraint positive check (n > 0))`;
    await sql`insert into strict values (1, 1)`;
    const result = [];
    for (const s of [
        "selec 1",
        "select * from nowhere",
        "select 1/0",
        "insert into strict values (1, 1)",
        "insert into strict values (2, null)",
        "insert into strict values (2, -1)",
    ]) {
        result.push(await outcome(sql.unsafe(s)), await outcome(sql.unsafe(s, [], { prepare: true })));
    }
    return result;
});

await step("cancel", async (sql) => {
    await sql`select 1`;
    const query = sql`select pg_sleep(20)`;
    const sleeping = outcome(query.then(plain));
    await sleep(300);
    query.cancel();
    return [await sleeping, plain(await sql`select 'still here'`)];
});

await step("copy", async (sql) => {
    await sql`create table copied (id int, v text)`;
    const lines = function* () {
        for (let i = 0; i < 20000; i++) yield `${i}\tvalue ${i}\n`;
    };
    await pipeline(Readable.from(lines()), await sql`copy copied from stdin`.writable());
    const hash = createHash("md5");
    await pipeline(await sql`copy (select * from copied order by id) to stdout`.readable(), hash);
    return [hash.digest("hex"), plain(await sql`select count(*) from copied`)];
});

await step("prepared_statements", async (sql) => {
    const result = [];
    for (let i = 0; i < 20; i++) result.push((await sql`select ${i}::int + 1 as n`)[0].n);
    let sum = 0;
    for (let round = 0; round < 2; round++)
        for (let i = 0; i < 200; i++)
            sum += (await sql.unsafe(`select $1::int + ${i} as n`, [1], { prepare: true }))[0].n;
    const unnamed = open({ prepare: false });
    result.push(sum, (await unnamed`select ${5}::int as n`)[0].n, (await unnamed`select ${6}::int as n`)[0].n);
    await unnamed.end();
    return result;
});

await step("prepared_statements_after_deallocate", async (sql) => {
    const result = [];
    const ask = () => outcome(sql`select ${7}::int as n`.then(plain));
    for (const clear of ["deallocate all", "discard all"]) {
        result.push(await ask());
        await sql.unsafe(clear);
        result.push(await ask(), await ask());
    }
    return result;
});

await step("prepared_statements_after_ddl", async (sql) => {
    await sql`create table changing (a int)`;
    await sql`insert into changing values (1)`;
    // postgres.js prepares anew by itself; what counts is that the new column is there.
    const ask = async () =>
        plain(
            await sql`select * from changing where a = ${1}`.catch(() => sql`select * from changing where a = ${1} `),
        );
    const result = [await outcome(ask()), await outcome(ask())];
    await sql`alter table changing add b text default 'new'`;
    result.push(await outcome(ask()), await outcome(ask()));
    return result;
});

await step("pipelining", async (sql) => {
    await sql`create table piped (id int primary key)`;
    const work = Array.from({ length: 200 }, (_, i) =>
        outcome(sql`insert into piped values (${i % 190}) returning id`.then(plain)),
    );
    const result = (await Promise.all(work)).slice(185);
    const inTransaction = await sql.begin((t) => [1000, 1001, 1002].map((i) => t`insert into piped values (${i})`));
    return [result, inTransaction.length, plain(await sql`select count(*), max(id) from piped`)];
});

await step("notices", async (sql) => {
    await sql`select 1`;
    notices.length = 0;
    await sql.unsafe("do $$ begin raise notice 'n'; raise warning 'w'; end $$");
    await sql`drop table if exists never_there`;
    return notices.slice();
});

await step("listen_and_notify", async (sql) => {
    const got = [];
    const { unlisten } = await sql.listen("news", (payload) => got.push(payload));
    const other = await sql.listen("other", (payload) => got.push(payload));
    await sql.notify("news", "one");
    await sql`select pg_notify('other', 'two')`;
    for (let i = 0; i < 150 && got.length < 2; i++) await sleep(20);
    await unlisten();
    await other.unlisten();
    return got;
});

await step("temporary_tables", async (sql) => {
    await sql`create temp table scratch (i int)`;
    for (let i = 0; i < 10; i++) await sql`insert into scratch values (${i})`;
    return plain(await sql`select sum(i) from scratch`);
});

await step("settings", async (sql) => {
    const ask = async () =>
        plain(await sql`select current_setting('search_path') s, current_setting('TimeZone') t, current_user u`);
    await sql`set search_path = alpha`;
    await sql`set TimeZone = 'Asia/Tokyo'`;
    await sql`set role app_reader`;
    const result = [await ask(), await ask()];
    await sql.begin((t) => [t`set local search_path = gone`, t`set local role none`, t`select 1`]);
    result.push(await ask());
    await sql.unsafe("reset role; reset all");
    result.push(await ask());
    return result;
});

await step("reserved_connection", async (sql) => {
    const reserved = await sql.reserve();
    await reserved`select pg_advisory_lock(31)`;
    await reserved`set application_name = 'reserved'`;
    const name = plain(await reserved`show application_name`);
    const freed = plain(await reserved`select pg_advisory_unlock(31)`);
    reserved.release();
    return [name, freed];
});

await step("large_values", async (sql) => {
    const data = "0123456789abcdef".repeat(BIG / 16);
    const [row] = await sql`select ${data}::text as back`;
    return row.back === data;
});

await step("large_result_set", async (sql) => {
    let sum = 0;
    await sql`select n, repeat('x', 40) from generate_series(1, 100000) n`.forEach((row) => (sum += row.n));
    return sum;
});

await step("server_side_cursors", async (sql) => {
    let sum = 0;
    await sql`select generate_series(1, 1000) as n`.cursor(90, (rows) => rows.forEach((row) => (sum += row.n)));
    let seen = 0;
    for await (const rows of sql`select generate_series(1, 1000) as n`.cursor(10)) {
        if ((seen += rows.length) >= 30) break;
    }
    return [sum, seen, plain(await sql`select 'after'`)];
});

await step("several_statements_at_once", async (sql) => {
    const sets =
        await sql`create table multi (i int primary key); insert into multi values (1); select * from multi`.simple();
    const failed = await outcome(sql`insert into multi values (2); insert into multi values (1)`.simple());
    return [sets.map((s) => [s.command, s.count]), failed, plain(await sql`select i from multi`)];
});

await step("pool_of_clients", async () => {
    const sql = open({ max: 5 });
    const result = await Promise.all(
        Array.from({ length: 100 }, (_, i) => sql`select ${i}::int * 2 as n`.then((r) => r[0].n)),
    );
    await sql.end();
    return result;
});

finish();
