// The SQLSTATEs that a pooler sends, or acts on.
namespace Drover.Protocol;

/// <summary>Error codes, see https://www.postgresql.org/docs/18/errcodes-appendix.html.</summary>
public static class SqlState
{
    /// <summary>All is well; the code of most notices.</summary>
    public const string SuccessfulCompletion = "00000";

    /// <summary>A warning.</summary>
    public const string Warning = "01000";

    /// <summary>The connection has a problem that has no code of its own.</summary>
    public const string ConnectionException = "08000";

    /// <summary>The server cannot be reached.</summary>
    public const string SqlClientUnableToEstablishConnection = "08001";

    /// <summary>There is no such connection any more.</summary>
    public const string ConnectionDoesNotExist = "08003";

    /// <summary>The server refused the connection.</summary>
    public const string ServerRejectedConnection = "08004";

    /// <summary>The connection has broken.</summary>
    public const string ConnectionFailure = "08006";

    /// <summary>A message that the protocol does not allow here.</summary>
    public const string ProtocolViolation = "08P01";

    /// <summary>Not supported; also PostgreSQL's answer when a cached plan's result type has changed.</summary>
    public const string FeatureNotSupported = "0A000";

    /// <summary>A parameter's value is not allowed.</summary>
    public const string InvalidParameterValue = "22023";

    /// <summary>Bytes that are no text in this encoding.</summary>
    public const string CharacterNotInRepertoire = "22021";

    /// <summary>The transaction has failed; only its end is accepted.</summary>
    public const string InFailedSqlTransaction = "25P02";

    /// <summary>What makes sense in a transaction only was asked for outside of one.</summary>
    public const string NoActiveSqlTransaction = "25P01";

    /// <summary>Idle in a transaction for too long.</summary>
    public const string IdleInTransactionSessionTimeout = "25P03";

    /// <summary>The transaction took too long.</summary>
    public const string TransactionTimeout = "25P04";

    /// <summary>No prepared statement has this name.</summary>
    public const string InvalidSqlStatementName = "26000";

    /// <summary>This user may not log in, or not so.</summary>
    public const string InvalidAuthorizationSpecification = "28000";

    /// <summary>The password is wrong.</summary>
    public const string InvalidPassword = "28P01";

    /// <summary>No portal has this name.</summary>
    public const string InvalidCursorName = "34000";

    /// <summary>No database has this name.</summary>
    public const string InvalidCatalogName = "3D000";

    /// <summary>The server rolled back where it was told to commit; nothing is left of the transaction.</summary>
    public const string TransactionRollback = "40000";

    /// <summary>Two transactions could not both go on; try again.</summary>
    public const string SerializationFailure = "40001";

    /// <summary>Two transactions waited for each other; try again.</summary>
    public const string DeadlockDetected = "40P01";

    /// <summary>The statement cannot be read.</summary>
    public const string SyntaxError = "42601";

    /// <summary>Not allowed.</summary>
    public const string InsufficientPrivilege = "42501";

    /// <summary>There is no such object or parameter.</summary>
    public const string UndefinedObject = "42704";

    /// <summary>A portal has this name already.</summary>
    public const string DuplicateCursor = "42P03";

    /// <summary>A prepared statement has this name already.</summary>
    public const string DuplicatePreparedStatement = "42P05";

    /// <summary>Something has run out.</summary>
    public const string InsufficientResources = "53000";

    /// <summary>Memory has run out.</summary>
    public const string OutOfMemory = "53200";

    /// <summary>All connections are taken.</summary>
    public const string TooManyConnections = "53300";

    /// <summary>A configured limit has been reached.</summary>
    public const string ConfigurationLimitExceeded = "53400";

    /// <summary>A built-in limit has been reached.</summary>
    public const string ProgramLimitExceeded = "54000";

    /// <summary>Not possible in the object's present state.</summary>
    public const string ObjectNotInPrerequisiteState = "55000";

    /// <summary>This parameter cannot be changed now.</summary>
    public const string CannotChangeRuntimeParam = "55P02";

    /// <summary>The lock could not be had in time.</summary>
    public const string LockNotAvailable = "55P03";

    /// <summary>The query was cancelled, or took too long.</summary>
    public const string QueryCanceled = "57014";

    /// <summary>The server, or an administrator, ended the session.</summary>
    public const string AdminShutdown = "57P01";

    /// <summary>Another server process crashed; all sessions ended.</summary>
    public const string CrashShutdown = "57P02";

    /// <summary>The server is starting, stopping or recovering.</summary>
    public const string CannotConnectNow = "57P03";

    /// <summary>The database has been dropped.</summary>
    public const string DatabaseDropped = "57P04";

    /// <summary>Idle for too long.</summary>
    public const string IdleSessionTimeout = "57P05";

    /// <summary>Something outside the database failed.</summary>
    public const string SystemError = "58000";

    /// <summary>Reading or writing failed.</summary>
    public const string IoError = "58030";

    /// <summary>A fault in the software itself.</summary>
    public const string InternalError = "XX000";
}
