// What each version of the history adds to the one before it.
namespace Drover.History.Store;

/// <summary>
/// Steps from version to version, in order: the first brings version 1 to 2. A step that was released is never changed;
/// what comes later is one more at the end. A step adds and keeps every row, and what an older Drover that is still at
/// work writes stays possible; it runs in the transaction that notes the new version.
/// </summary>
internal static class HistoryUpgrades
{
    /// <summary>The SQL of each step.</summary>
    public static IReadOnlyList<string> Steps { get; } =
    [
        """
            CREATE TABLE drover.access_days (
                server_id int NOT NULL REFERENCES drover.history_servers ON DELETE CASCADE,
                table_name text NOT NULL,
                day date NOT NULL,
                source text NOT NULL,
                d7 double precision NOT NULL DEFAULT 0,
                d30 double precision NOT NULL DEFAULT 0,
                d90 double precision NOT NULL DEFAULT 0,
                older double precision NOT NULL DEFAULT 0,
                all_ages double precision NOT NULL DEFAULT 0,
                unknown double precision NOT NULL DEFAULT 0,
                samples bigint NOT NULL DEFAULT 0,
                PRIMARY KEY (server_id, table_name, day, source)
            );
            COMMENT ON TABLE drover.access_days IS
                'queries by the age of the oldest row that they ask for: calls, estimated from samples, where the '
                'source is proxy; statements that were seen in pg_stat_activity where it is activity';
            """,
        """
            CREATE TABLE drover.statement_plans (
                server_id int NOT NULL REFERENCES drover.history_servers ON DELETE CASCADE,
                statement bigint NOT NULL,
                first_seen timestamptz NOT NULL,
                last_seen timestamptz NOT NULL,
                shape text NOT NULL,
                plan jsonb NOT NULL,
                cost double precision NOT NULL,
                difference text NOT NULL,
                calls bigint NOT NULL DEFAULT 0,
                total_ms double precision NOT NULL DEFAULT 0,
                PRIMARY KEY (server_id, statement, first_seen)
            );
            COMMENT ON TABLE drover.statement_plans IS
                'plans of statements for any value, without constants: a row for each time that one was current';
            """,
    ];
}
