// What a failure of the server or of the way to it means: try again, connect again, or give up with a reason.
using System.Net.Sockets;
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>What to do about a failure.</summary>
internal enum FailureKind
{
    /// <summary>Locks were not had in time, or a conflict: the same again, later.</summary>
    Contention,

    /// <summary>The session is gone: connect again and read the journal, since a commit may have happened.</summary>
    Connection,

    /// <summary>Trying again does not help.</summary>
    Final,
}

/// <summary>Sorts failures by SQLSTATE (appendix A of the manual) and puts them in words.</summary>
internal static class ServerFailure
{
    /// <summary>What the failure means.</summary>
    public static FailureKind KindOf(Exception failure) =>
        failure switch
        {
            PostgresException server => KindOf(server.SqlState),
            NpgsqlException or IOException or SocketException or TimeoutException => FailureKind.Connection,
            // Npgsql says so when a command meets a connection that broke before it.
            InvalidOperationException { Message: "Connection is not open" } => FailureKind.Connection,
            ObjectDisposedException => FailureKind.Connection,
            _ => FailureKind.Final,
        };

    /// <summary>One line for a person; never the values of rows, which a message's detail may hold.</summary>
    public static string Describe(Exception failure, string server) =>
        failure switch
        {
            // In words for a person already.
            OperationException told => told.Message,
            PostgresException { SqlState: "28P01" or "28000" } refused =>
                $"{server}: login refused: {refused.MessageText}. Check user, password and pg_hba.conf.",
            PostgresException { SqlState: "3D000" } missing => $"{server}: {missing.MessageText}",
            PostgresException { SqlState: "57P03" } early =>
                $"{server}: {early.MessageText} (SQLSTATE 57P03). Try again when it is up.",
            PostgresException { SqlState: "42501" } denied =>
                $"{denied.MessageText}. Drover needs the table's owner and CREATE on the database; "
                    + "run it as that role, or GRANT what is missing.",
            PostgresException { SqlState: "25006" } =>
                $"{server}: the server is read-only: a standby? Give the primary, or target_session_attrs=primary.",
            PostgresException { SqlState: "53100" } full =>
                $"{full.MessageText}: the server's disk is full. Make room, then resume.",
            PostgresException error => $"{error.MessageText} (SQLSTATE {error.SqlState})",
            _ when KindOf(failure) == FailureKind.Connection => Unreachable(Innermost(failure), server),
            _ => failure.Message,
        };

    private static string Unreachable(Exception failure, string server) =>
        failure switch
        {
            // The runtime's name for a Unix socket that is not there.
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } when server.StartsWith('/') =>
                $"{server} cannot be reached: there is no socket of PostgreSQL. Is it up? A server elsewhere is named "
                    + "by postgres://USER@HOST:PORT/DATABASE, or by PGHOST.",
            NpgsqlException when failure.Message.StartsWith("SSL connection requested.", StringComparison.Ordinal) =>
                $"{server}: the server has no TLS, which sslmode asks for. Turn ssl on there, or give sslmode=prefer.",
            _ => $"{server} cannot be reached: {failure.Message.TrimEnd('.')}. "
                + "Is PostgreSQL up, and host and port right?",
        };

    private static FailureKind KindOf(string state) =>
        state switch
        {
            // lock_not_available, query_canceled (a timeout), deadlock_detected, serialization_failure
            "55P03" or "57014" or "40P01" or "40001" => FailureKind.Contention,
            // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, transaction_timeout,
            // idle_in_transaction_session_timeout, too_many_connections
            "57P01" or "57P02" or "57P03" or "57P05" or "25P03" or "25P04" or "53300" => FailureKind.Connection,
            _ when state.StartsWith("08", StringComparison.Ordinal) => FailureKind.Connection,
            _ => FailureKind.Final,
        };

    private static Exception Innermost(Exception failure)
    {
        while (failure.InnerException is { } inner)
        {
            failure = inner;
        }
        return failure;
    }
}
