// What a client of a sharded database is told when its statement cannot be run as one server would run it.
using Drover.Pooling;
using Drover.Protocol;
using Drover.Routing;

namespace Drover.Sessions.Sharded;

internal static class ShardRefusals
{
    public static RouteRefusal SeveralShardsInOneBatch { get; } =
        new(
            SqlState.FeatureNotSupported,
            "one batch of messages needs more than one shard",
            "It cannot be made one transaction over several of them.",
            "BEGIN, or end each statement's messages with a Sync of their own."
        );

    public static RouteRefusal ControlInBatch { get; } =
        new(
            SqlState.FeatureNotSupported,
            "one batch of messages needs more than one shard, and has a statement about the transaction or the session",
            null,
            "BEGIN before the batch or as its first statement, or send the statement by itself."
        );

    public static RouteRefusal CopyInBatch { get; } =
        new(
            SqlState.FeatureNotSupported,
            "one batch of messages needs more than one shard, and has a COPY in it",
            null,
            "Send COPY by itself."
        );

    public static RouteRefusal Encoding { get; } =
        new(
            SqlState.FeatureNotSupported,
            "clients of a sharded database speak UTF-8",
            "A key is hashed as it comes, and in another encoding it is made of other bytes.",
            "SET client_encoding = 'UTF8'."
        );

    public static RouteRefusal TwoPhaseOfClient { get; } =
        new(
            SqlState.FeatureNotSupported,
            "a client of a sharded database cannot prepare transactions",
            "Its parts would be prepared on several shards under one name.",
            "COMMIT: a transaction over several shards is committed on all of them or on none."
        );

    public static RouteRefusal MixedControl { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the transaction may go to other shards, and a statement that ends, divides or chains it has to be alone",
            null,
            "Send COMMIT, ROLLBACK and SAVEPOINT as messages of their own, without AND CHAIN."
        );

    public static RouteRefusal SessionOnOneShard { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the transaction is on several shards, and the statement may change the session on one of them",
            "LISTEN, set_config, cursors WITH HOLD, temporary tables, session locks would be on that shard alone.",
            "Run it in a transaction of its own, or as SET LOCAL."
        );

    public static RouteRefusal PinnedElsewhere { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the session holds something on one shard and the statement needs another",
            "Temporary tables, cursors WITH HOLD, LISTEN and advisory locks stay on the shard they are on.",
            "Let go of it first: DISCARD ALL, UNLISTEN, pg_advisory_unlock_all."
        );

    public static RouteRefusal WritesOnTwoShards { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the transaction has written on another shard",
            "A transaction writes on one shard; it may read on others.",
            "Commit in between, or write rows of one sharding key."
        );

    public static RouteRefusal OpeningCannotRepeat { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the transaction needs a second shard, and its settings cannot be repeated there",
            "They were made with parameters of the extended protocol.",
            "SET LOCAL with a literal, or a transaction on rows of one sharding key."
        );

    public static RouteRefusal CoordinatorAfterWrite { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the transaction has written, and a read of several shards would not see it",
            null,
            "Read before the first write, after the commit, or rows of one sharding key."
        );

    public static RouteRefusal PathInTransaction { get; } =
        new(
            SqlState.FeatureNotSupported,
            "search_path was set in the transaction, and a table is named without its schema",
            null,
            "Write the schema's name before the table's, or set search_path before the transaction."
        );

    public static RouteRefusal BehindInTransaction { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the transaction has changed the schema, and a table behind a sharded schema on search_path is named",
            "The sharded schema may have got one of that name.",
            "Write the schema's name before the table's, or commit first."
        );

    public static RouteRefusal ExplainFormat { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the plans of several shards are given as text or as JSON",
            null,
            "EXPLAIN (FORMAT TEXT) or (FORMAT JSON)."
        );

    public static RouteRefusal MayNotDeclare { get; } =
        new(
            "42501",
            "permission denied to declare tables of a sharded database",
            null,
            "The catalog's user may, and who is in admin_users."
        );

    public static RouteRefusal DeclaredWithoutSchema { get; } =
        new(
            "22023",
            "the name of a table to be declared needs its schema where search_path is set",
            "The table is looked for as the catalog's user would.",
            "Write it as 'schema.table'."
        );

    public static RouteRefusal DeclarationAlone { get; } =
        new(
            SqlState.FeatureNotSupported,
            "a table is declared by a statement that is alone in its batch, and not under a name",
            null,
            "Send CALL drover.shard_table as a query of its own."
        );

    public static RouteRefusal NotConfigured(string shard, string database) =>
        new(
            SqlState.ObjectNotInPrerequisiteState,
            $"shard \"{shard}\" is in the map, and not in this proxy's configuration",
            null,
            $"Make a database entry of that name, add it to shards of [sharded.{database}], and reload."
        );

    public static RouteRefusal SettingsDiffer { get; } =
        new(
            SqlState.ObjectNotInPrerequisiteState,
            "the shards' servers write dates and times in different ways",
            "They differ in TimeZone, DateStyle or IntervalStyle.",
            "Set the three alike on all shards, or in the session."
        );

    public static RouteRefusal Deadlock { get; } =
        new(
            SqlState.DeadlockDetected,
            "deadlock detected",
            "Transactions on several shards waited for each other, and this one is the youngest.",
            "Repeat it."
        );

    public static RouteRefusal DecisionRefused { get; } =
        new(
            SqlState.SerializationFailure,
            "the transaction was rolled back on all shards",
            "The catalog could not record that it commits.",
            "Repeat it."
        );

    public static RouteRefusal InDoubt { get; } =
        new(
            "08007",
            "it is not known whether the transaction is committed",
            "It is the same on all shards: the recovery finishes it within seconds, one way or the other.",
            "Look before you repeat it."
        );

    public static RouteRefusal NotInTransaction { get; } =
        new("25001", "the statement cannot run inside a transaction block", null, null);

    public static RouteRefusal LockOutsideTransaction { get; } =
        new(SqlState.NoActiveSqlTransaction, "LOCK TABLE can only be used in transaction blocks", null, null);

    public const string CrossShardHint =
        "Compare the sharding key with a value, or with the key of a table that is sharded likewise.";

    public static RouteRefusal CrossShardDenied { get; } =
        new(
            SqlState.FeatureNotSupported,
            "the statement needs more than one shard, and cross_shard = deny",
            "The configuration denies the user, or the database, what several shards or the coordinator would run.",
            CrossShardHint
        );

    public static RouteRefusal ShapesDiffer { get; } =
        new(
            SqlState.InternalError,
            "the shards' results have different columns",
            "The tables differ between shards.",
            "drover table list; make the tables equal on all shards."
        );

    public static RouteRefusal MovesTooMany { get; } =
        new(
            SqlState.ProgramLimitExceeded,
            "an UPDATE of the sharding key would move too many rows to another shard",
            $"It may move {Moving.RowGather.RowsMax} rows and {Moving.RowGather.BytesMax} bytes: they are in memory.",
            "Move fewer at a time."
        );

    public static RouteRefusal MovedOtherwise { get; } =
        new(
            SqlState.InternalError,
            "a row that was moved to another shard is not there",
            "Fewer or more rows were inserted than were deleted; the transaction is undone.",
            "Delete the row and insert it with the other key."
        );

    public static RouteRefusal OrderUnknown { get; } =
        new(
            SqlState.InternalError,
            "the shards' rows are ordered by values whose order is not known",
            null,
            "Order by another column, or report this."
        );

    public static RouteRefusal OrderDiffers { get; } =
        new(
            SqlState.InternalError,
            "the shards' rows are not in the order that was asked for",
            "A shard sorts text otherwise than the first one does.",
            "Give all shards' databases the same locale."
        );

    public static RouteRefusal ValuesUnknown { get; } =
        new(
            SqlState.InternalError,
            "the shards' values cannot be put together",
            "They are other values, or other groups, than the statement has.",
            "Report this."
        );

    /// <summary>Arithmetic with numbers of numeric's full length is not for a proxy.</summary>
    public static RouteRefusal NumberTooLong { get; } =
        new(
            SqlState.ProgramLimitExceeded,
            "a variance of numbers of over 2,000 digits is not put together from several shards",
            "The proxy would compute it while other clients wait.",
            "Round the numbers, or select the sums and counts that you need."
        );

    public static RouteRefusal GatheredTooLarge { get; } =
        new(
            SqlState.ProgramLimitExceeded,
            "a value that is gathered from several shards has over 256 MB",
            "The proxy holds it until the last shard has given its part.",
            "Select the rows, or fewer of them."
        );

    /// <summary>What the server says of a sum that its type has no room for.</summary>
    public static RouteRefusal OutOfRange(string message) => new("22003", message);

    /// <summary>What a shard said, or why it was made to.</summary>
    public static RouteRefusal Of(PoolFailure failure, ClientSession session) =>
        failure.SqlState == SqlState.QueryCanceled && session.Shards!.Branches.IsDeadlockVictim
            ? Deadlock
            : new RouteRefusal(failure.SqlState, failure.Message, failure.Detail, failure.Hint);

    public static RouteRefusal ShardLost(string shard) =>
        new(SqlState.ConnectionFailure, $"shard {shard} closed the connection", null, null);

    public static RouteRefusal MapUnknown(string database) =>
        new(
            SqlState.CannotConnectNow,
            $"the map of database \"{database}\" is not known yet",
            "Drover has not reached the catalog since it was started.",
            "Try again in a moment; see the log."
        );

    public static RouteRefusal TooLarge(int bytes) =>
        new(
            SqlState.ProgramLimitExceeded,
            "statement too large for a sharded database",
            $"A statement's messages have to fit in {bytes} bytes, so that its shard can be found.",
            "Raise client_buffer_max, or load rows with COPY."
        );

    public static RouteRefusal Across(Route route) =>
        new(
            SqlState.FeatureNotSupported,
            "the statement needs more than one shard",
            route.Kind == RouteKind.All ? "It needs all of them." : $"It needs {route.Shards.Length} of them.",
            CrossShardHint
        );

    public static RouteRefusal TransactionFailed { get; } =
        new(
            SqlState.InFailedSqlTransaction,
            "current transaction is aborted, commands ignored until end of transaction block",
            null,
            null
        );

    /// <summary>A shard has rolled back where it was told to commit or prepare.</summary>
    public static RouteRefusal RolledBack(string shard) =>
        new(
            SqlState.TransactionRollback,
            $"the transaction was rolled back on \"{shard}\"",
            "It had failed there before; nothing of it is left on any shard.",
            "Run it again."
        );
}
