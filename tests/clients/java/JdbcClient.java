// JDBC: named statements after the fifth use, generated keys, batches, its own COPY; prints one JSON document.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;
import org.postgresql.util.PSQLException;

public final class JdbcClient {
    interface Step { Object run(Connection c) throws Exception; }
    interface Work { Object run() throws Exception; }

    static final String URL = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/";
    static final String DATABASE = System.getenv("PGDATABASE");
    static final Map<String, Object> OUTCOMES = new LinkedHashMap<>();
    static final int BIG = 20 * 1024 * 1024;

    static Connection connect(String... more) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", System.getenv("PGUSER"));
        p.setProperty("password", System.getenv("PGPASSWORD"));
        p.setProperty("connectTimeout", "10");
        p.setProperty("socketTimeout", "60");
        String database = DATABASE;
        for (int i = 0; i < more.length; i += 2) {
            if (more[i].equals("database")) database = more[i + 1];
            else p.setProperty(more[i], more[i + 1]);
        }
        return DriverManager.getConnection(URL + database, p);
    }

    /** The outcome of a piece of work: its value, or the parts of the error that a program may depend on. */
    static Object outcome(Work work) {
        try {
            return work.run();
        } catch (SQLException e) {
            Map<String, Object> told = new LinkedHashMap<>();
            told.put("sqlstate", e.getSQLState());
            told.put("message", e.getMessage().split("\n")[0]);
            if (e instanceof PSQLException p && p.getServerErrorMessage() != null) {
                var s = p.getServerErrorMessage();
                told.put("severity", s.getSeverity());
                told.put("detail", s.getDetail());
                told.put("hint", s.getHint());
                told.put("schema", s.getSchema());
                told.put("table", s.getTable());
                told.put("column", s.getColumn());
                told.put("constraint", s.getConstraint());
                told.put("position", s.getPosition());
            }
            if (e.getNextException() != null) told.put("next", e.getNextException().getSQLState());
            told.values().removeIf(Objects::isNull);
            return told;
        } catch (Exception e) {
            e.printStackTrace();
            return Map.of("exception", e.getClass().getName());
        }
    }

    static void step(String name, Step step, String... properties) {
        if (OUTCOMES.containsKey(name)) throw new IllegalStateException("step named twice: " + name);
        OUTCOMES.put(name, outcome(() -> {
            try (Connection c = connect(properties)) {
                return step.run(c);
            }
        }));
    }

    static Object run(Connection c, String query, Object... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(query)) {
            for (int i = 0; i < values.length; i++) s.setObject(i + 1, values[i]);
            return s.execute() ? rows(s.getResultSet()) : (Object) s.getUpdateCount();
        }
    }

    static Object one(Connection c, String query, Object... values) throws SQLException {
        return ((List<?>) ((List<?>) run(c, query, values)).get(0)).get(0);
    }

    static int simple(Connection c, String text) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(text);
            return s.getUpdateCount();
        }
    }

    static List<Object> rows(ResultSet r) throws SQLException {
        List<Object> all = new ArrayList<>();
        while (r.next()) {
            List<Object> row = new ArrayList<>();
            for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) row.add(value(r.getObject(i)));
            all.add(row);
        }
        return all;
    }

    static Object value(Object o) throws SQLException {
        if (o instanceof byte[] b) return HexFormat.of().formatHex(b);
        if (o instanceof java.sql.Array a) return Arrays.deepToString((Object[]) a.getArray());
        return o;
    }

    static List<Object> times(int n, Work work) {
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < n; i++) all.add(outcome(work));
        return all;
    }

    public static void main(String[] args) throws Exception {
        connections();
        types("types_in_text", "binaryTransfer", "false");
        types("types_in_binary", "prepareThreshold", "-1");
        transactions();
        errors();
        interruptions();
        copy();
        preparedStatements();
        sessionState();
        largeData();
        StringBuilder json = new StringBuilder();
        write(json, OUTCOMES);
        System.out.write(json.append('\n').toString().getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        System.exit(0);
    }

    static void connections() {
        step("startup_parameter_status", c -> {
            var reported = new TreeMap<>(c.unwrap(PGConnection.class).getParameterStatuses());
            reported.keySet().retainAll(Set.of("server_version", "client_encoding", "DateStyle", "TimeZone",
                "application_name", "integer_datetimes", "is_superuser", "standard_conforming_strings"));
            return reported;
        });
        step("meta_data", c -> {
            DatabaseMetaData m = c.getMetaData();
            simple(c, "create table described (id serial primary key, v varchar(10) not null)");
            List<Object> columns = new ArrayList<>();
            try (ResultSet r = m.getColumns(null, "public", "described", null)) {
                while (r.next()) columns.add(r.getString("COLUMN_NAME") + " " + r.getString("TYPE_NAME"));
            }
            return Arrays.asList(m.getDatabaseProductVersion(), m.getUserName(), columns, c.isValid(5));
        });
        step("startup_options", c -> Arrays.asList(one(c, "show search_path"), one(c, "show application_name"),
                one(c, "show statement_timeout"), simple(c, "set search_path = x; set application_name = y; reset all"),
                one(c, "show search_path"), one(c, "show application_name"), one(c, "show extra_float_digits")),
            "currentSchema", "alpha,public", "ApplicationName", "the app", "options", "-c statement_timeout=9000");
        step("startup_login_refused", c -> {
            List<Object> states = new ArrayList<>();
            for (String[] more : new String[][] {{"password", "wrong"}, {"database", "no_such_database"}}) {
                try (Connection refused = connect(more)) {
                    states.add("accepted");
                } catch (SQLException e) {
                    states.add(e.getSQLState());
                }
            }
            return states;
        });
        step("client_info", c -> {
            c.setClientInfo("ApplicationName", "renamed");
            c.setSchema("alpha");
            return Arrays.asList(times(3, () -> one(c, "show application_name")), times(3, c::getSchema));
        });
    }

    static void types(String name, String... properties) {
        step(name, c -> {
            Object[][] values = {
                {"int2", -32768}, {"int4", Integer.MAX_VALUE}, {"int8", Long.MIN_VALUE}, {"bool", true},
                {"float4", 1.5f}, {"float8", 0.1}, {"numeric", new BigDecimal("12345678901234567890.000123")},
                {"text", "naïve 雪 '\"\\"}, {"bytea", new byte[] {0, 1, -1}},
                {"date", LocalDate.of(2024, 2, 29)}, {"timestamp", LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4000)},
                {"timestamptz", OffsetDateTime.of(2024, 2, 29, 1, 2, 3, 0, ZoneOffset.UTC)},
                {"uuid", UUID.fromString("12345678-1234-5678-1234-567812345678")},
                {"int4[]", c.createArrayOf("int4", new Integer[] {1, null, 3})},
                {"text[]", c.createArrayOf("text", new String[] {"a,b", null, ""})}};
            List<Object> result = new ArrayList<>();
            for (Object[] v : values) {
                result.add(v[0] + " " + outcome(() -> run(c, "select ?::" + v[0] + ", null::" + v[0], v[1])));
            }
            simple(c, "create type mood as enum ('sad', 'ok')");
            result.add(outcome(() -> run(c, "select ?::mood, ?::jsonb::text", "ok", "{\"a\": [1, null]}")));
            simple(c, "drop type mood");
            return result;
        }, properties);
    }

    static void transactions() {
        step("transactions_and_savepoints", c -> {
            simple(c, "create table tx (id int primary key)");
            c.setAutoCommit(false);
            run(c, "insert into tx values (?)", 1);
            c.rollback();
            run(c, "insert into tx values (?)", 2);
            Savepoint s = c.setSavepoint("s");
            List<Object> failed = new ArrayList<>(times(1, () -> run(c, "insert into tx values (?)", 2)));
            failed.addAll(times(1, () -> run(c, "select 1")));
            c.rollback(s);
            run(c, "insert into tx values (?)", 3);
            c.commit();
            c.setAutoCommit(true);
            return Arrays.asList(failed, run(c, "select id from tx order by 1"));
        });
        step("automatic_savepoints", c -> {
            c.setAutoCommit(false);
            simple(c, "create table auto (id int primary key)");
            List<Object> result = new ArrayList<>();
            for (int i : new int[] {1, 1, 2, 2, 3}) result.add(outcome(() -> run(c, "insert into auto values (?)", i)));
            c.commit();
            return Arrays.asList(result, run(c, "select count(*) from auto"));
        }, "autosave", "always");
        step("isolation", c -> {
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            c.setReadOnly(true);
            Work ask = () -> one(c, "show transaction_isolation") + " " + one(c, "show transaction_read_only");
            var seen = times(3, ask);
            c.setAutoCommit(false);
            Object refused = outcome(() -> simple(c, "create table never (i int)"));
            c.rollback();
            return Arrays.asList(seen, refused, c.getTransactionIsolation());
        });
        step("batches_and_generated_keys", c -> {
            simple(c, "create table keyed (id int generated always as identity primary key, v text unique)");
            try (PreparedStatement s = c.prepareStatement("insert into keyed (v) values (?)", new String[] {"id"})) {
                for (int i = 0; i < 500; i++) {
                    s.setString(1, "v" + i);
                    s.addBatch();
                }
                int done = s.executeBatch().length;
                int keys = rows(s.getGeneratedKeys()).size();
                for (String v : new String[] {"new", "v1", "newer"}) {
                    s.setString(1, v);
                    s.addBatch();
                }
                return Arrays.asList(done, keys, outcome(s::executeBatch), one(c, "select count(*) from keyed"));
            }
        });
        step("several_statements_at_once", c -> {
            simple(c, "create table multi (i int primary key)");
            List<Object> sets = new ArrayList<>();
            try (Statement s = c.createStatement()) {
                boolean more = s.execute("insert into multi values (1); select 'two'; update multi set i = i");
                while (more || s.getUpdateCount() != -1) {
                    sets.add(more ? rows(s.getResultSet()) : (Object) s.getUpdateCount());
                    more = s.getMoreResults();
                }
            }
            Work twice = () -> simple(c, "insert into multi values (2); insert into multi values (1)");
            return Arrays.asList(sets, outcome(twice),
                run(c, "select * from multi"), outcome(() -> simple(c, "")));
        });
        step("simple_protocol", c -> Arrays.asList(run(c, "select ?::int + 1", 41), run(c, "select ?, ?", "a'b", null),
            outcome(() -> run(c, "select 1/?::int", 0))), "preferQueryMode", "simple");
    }

    static void errors() {
        step("errors", c -> {
            simple(c, "create table strict (id int primary key, n int not null constraint positive check (n > 0))");
            simple(c, "insert into strict values (1, 1)");
            List<Object> result = new ArrayList<>();
            for (String s : new String[] {"selec 1", "select * from nowhere", "select 1/0",
                "insert into strict values (1, 1)", "insert into strict values (2, null)",
                "insert into strict values (2, -1)"}) {
                result.add(outcome(() -> simple(c, s)));
                result.add(outcome(() -> run(c, s)));
            }
            return result;
        });
        step("warnings", c -> {
            List<String> got = new ArrayList<>();
            try (Statement s = c.createStatement()) {
                s.execute("do $$ begin raise notice 'n'; raise warning 'w'; end $$");
                for (SQLWarning w = s.getWarnings(); w != null; w = w.getNextWarning()) {
                    got.add(w.getSQLState() + " " + w.getMessage());
                }
            }
            return got;
        });
    }

    static void interruptions() {
        step("cancel", c -> {
            try (Statement s = c.createStatement()) {
                Thread canceller = new Thread(() -> {
                    try {
                        Thread.sleep(300);
                        s.cancel();
                    } catch (Exception e) {
                        e.printStackTrace();
                    }
                });
                canceller.start();
                Object result = outcome(() -> s.execute("select pg_sleep(20)"));
                canceller.join();
                return Arrays.asList(result, one(c, "select 'still here'"));
            }
        });
        step("query_timeout", c -> {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1);
                return Arrays.asList(outcome(() -> s.execute("select pg_sleep(20)")), one(c, "select 'still here'"));
            }
        });
        step("statement_timeout", c -> {
            simple(c, "set statement_timeout = 100");
            var result = times(2, () -> run(c, "select pg_sleep(20)"));
            return Arrays.asList(result, simple(c, "reset statement_timeout"), one(c, "show statement_timeout"));
        });
    }

    static void copy() {
        step("copy", c -> {
            simple(c, "create table copied (id int, v text)");
            CopyManager manager = c.unwrap(PGConnection.class).getCopyAPI();
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 20000; i++) lines.append(i).append("\tvalue ").append(i).append('\n');
            long count = manager.copyIn("copy copied from stdin", new StringReader(lines.toString()));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            manager.copyOut("copy (select * from copied order by id) to stdout (format binary)", out);
            Object bad = outcome(() -> manager.copyIn("copy copied from stdin", new StringReader("x\ty\n")));
            var abandoned = manager.copyIn("copy copied from stdin");
            abandoned.writeToCopy("1\tx\n".getBytes(), 0, 4);
            abandoned.cancelCopy();
            manager.copyIn("copy copied from stdin (format binary)", new ByteArrayInputStream(out.toByteArray()));
            return Arrays.asList(count, md5(out.toByteArray()), bad, one(c, "select count(*) from copied"));
        });
    }

    static void preparedStatements() {
        step("prepared_statements", c -> {
            int sum = 0;
            for (int i = 0; i < 30; i++) sum += (Integer) one(c, "select ?::int + 1", i);
            for (int round = 0; round < 8; round++) {
                for (int i = 0; i < 100; i++) sum += (Integer) one(c, "select ?::int + " + i, 1);
            }
            // What pg_prepared_statements shows is the server's, which a pool shares: docs/operations.md names it.
            return sum;
        });
        step("prepared_statements_after_deallocate", c -> {
            List<Object> result = new ArrayList<>();
            for (String clear : new String[] {"deallocate all", "discard all", "deallocate all; select 1"}) {
                try (PreparedStatement s = c.prepareStatement("select 7")) {
                    for (int i = 0; i < 3; i++) result.add(outcome(() -> rows(s.executeQuery())));
                    simple(c, clear);
                    for (int i = 0; i < 2; i++) result.add(outcome(() -> rows(s.executeQuery())));
                }
            }
            return result;
        }, "prepareThreshold", "1", "autosave", "conservative");
        step("prepared_statements_after_ddl", c -> {
            simple(c, "create table changing (a int); insert into changing values (1)");
            try (PreparedStatement s = c.prepareStatement("select * from changing where a = 1")) {
                List<Object> result = new ArrayList<>(times(3, () -> rows(s.executeQuery())));
                simple(c, "alter table changing add b text default 'new'");
                // A proxy may answer right away what PostgreSQL refuses once with 0A000: both are the same outcome.
                outcome(() -> rows(s.executeQuery()));
                result.addAll(times(2, () -> rows(s.executeQuery())));
                return result;
            }
        }, "prepareThreshold", "1");
        step("sql_prepare", c -> {
            simple(c, "prepare p (int) as select $1 + 1");
            return Arrays.asList(times(5, () -> one(c, "execute p (1)")), simple(c, "deallocate p"),
                outcome(() -> one(c, "execute p (1)")));
        });
    }

    static void sessionState() {
        step("listen_and_notify", c -> {
            simple(c, "listen news");
            times(3, () -> one(c, "select 1"));
            try (Connection speaker = connect()) {
                simple(speaker, "notify news, 'one'");
                run(speaker, "select pg_notify('news', ?)", "two");
            }
            List<Object> got = new ArrayList<>();
            for (int i = 0; i < 30 && got.size() < 2; i++) {
                var some = c.unwrap(PGConnection.class).getNotifications(100);
                if (some != null) for (var n : some) got.add(n.getName() + " " + n.getParameter());
            }
            simple(c, "unlisten *");
            return got;
        });
        step("temporary_tables", c -> {
            simple(c, "create temp table scratch (i int)");
            for (int i = 0; i < 10; i++) run(c, "insert into scratch values (?)", i);
            return run(c, "select sum(i) from scratch");
        });
        step("settings", c -> {
            Work ask = () -> run(c, "select current_setting('search_path'), current_setting('TimeZone'), current_user");
            simple(c, "set search_path = alpha; set TimeZone = 'Asia/Tokyo'; set role app_reader");
            List<Object> result = new ArrayList<>(times(3, ask));
            c.setAutoCommit(false);
            simple(c, "set search_path = gone; set local role none");
            result.addAll(times(1, ask));
            c.rollback();
            result.addAll(times(1, ask));
            c.commit();
            c.setAutoCommit(true);
            simple(c, "reset role; reset search_path; reset TimeZone");
            result.addAll(times(2, () -> run(c, "select current_setting('search_path'), current_user")));
            return result;
        });
        step("hold_cursors", c -> {
            c.setAutoCommit(false);
            try (Statement s = c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
                s.execute("declare held cursor with hold for select generate_series(1, 10)");
            }
            c.commit();
            c.setAutoCommit(true);
            return Arrays.asList(times(4, () -> run(c, "fetch 3 from held")), simple(c, "close held"));
        });
        step("advisory_locks", c -> {
            try (Connection other = connect()) {
                one(c, "select pg_advisory_lock(77)");
                return Arrays.asList(times(3, () -> one(other, "select pg_try_advisory_lock(77)")),
                    one(c, "select pg_advisory_unlock(77)"), one(other, "select pg_try_advisory_lock(77)"));
            }
        });
    }

    static void largeData() {
        step("large_values", c -> {
            byte[] data = new byte[BIG];
            for (int i = 0; i < BIG; i++) data[i] = (byte) (i * 31);
            try (PreparedStatement s = c.prepareStatement("select ?::bytea")) {
                s.setBytes(1, data);
                ResultSet r = s.executeQuery();
                r.next();
                return Arrays.equals(data, r.getBytes(1));
            }
        });
        step("server_side_cursors", c -> {
            c.setAutoCommit(false);
            long sum = 0;
            try (Statement s = c.createStatement()) {
                s.setFetchSize(1000);
                ResultSet r = s.executeQuery("select n, repeat('x', 40) from generate_series(1, 200000) n");
                while (r.next()) sum += r.getInt(1);
                ResultSet early = s.executeQuery("select generate_series(1, 5000)");
                early.next();
                early.close();
            }
            Object after = one(c, "select 'after'");
            c.commit();
            return Arrays.asList(sum, after);
        });
        step("large_result_set", c -> ((List<?>) run(c, "select generate_series(1, 200000)")).size());
    }

    static String md5(byte[] data) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(data));
    }

    static void write(StringBuilder json, Object o) {
        if (o instanceof Map<?, ?> m) {
            json.append('{');
            String separator = "";
            for (var e : m.entrySet()) {
                json.append(separator).append('"').append(e.getKey()).append("\": ");
                write(json, e.getValue());
                separator = ",\n";
            }
            json.append('}');
        } else if (o instanceof List<?> l) {
            json.append('[');
            for (int i = 0; i < l.size(); i++) {
                if (i > 0) json.append(", ");
                write(json, l.get(i));
            }
            json.append(']');
        } else if (o == null || o instanceof Boolean || o instanceof Integer || o instanceof Long) {
            json.append(o);
        } else {
            json.append('"');
            for (char ch : o.toString().toCharArray()) {
                if (ch == '"' || ch == '\\') json.append('\\').append(ch);
                else if (ch < ' ') json.append(String.format("\\u%04x", (int) ch));
                else json.append(ch);
            }
            json.append('"');
        }
    }
}
