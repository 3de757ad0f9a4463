// What a failure of the server means, and the words that an operator reads.
using System.Net.Sockets;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Tests.Operations;

public sealed class ServerFailureTests
{
    [Theory]
    [InlineData("28P01", "Check user, password and pg_hba.conf")]
    [InlineData("28000", "Check user, password and pg_hba.conf")]
    [InlineData("3D000", "db.example:5432/shop as app")]
    [InlineData("42501", "GRANT what is missing")]
    [InlineData("25006", "Give the primary")]
    [InlineData("53100", "Make room, then resume")]
    [InlineData("57P03", "Try again when it is up")]
    [InlineData("XX000", "SQLSTATE XX000")]
    public void Words_say_what_the_server_said_and_what_to_do_and_never_a_rows_values(string state, string expected)
    {
        PostgresException failure = new("it said so", "ERROR", "ERROR", state, detail: "Key (email)=(x@y) exists.");
        string words = ServerFailure.Describe(failure, "db.example:5432/shop as app");
        Assert.Contains(expected, words, StringComparison.Ordinal);
        Assert.DoesNotContain("x@y", words, StringComparison.Ordinal);
        Assert.True(state == "25006" || words.Contains("it said so", StringComparison.Ordinal), words);
    }

    [Fact]
    public void Socket_that_is_not_there_and_TLS_that_is_not_there_are_named()
    {
        NpgsqlException socket = new("", new SocketException((int)SocketError.AddressNotAvailable));
        string words = ServerFailure.Describe(socket, "/var/run/postgresql:5432/root as root");
        Assert.Contains("there is no socket of PostgreSQL", words, StringComparison.Ordinal);
        words = ServerFailure.Describe(socket, "db.example:5432/shop as app");
        Assert.Contains("host and port right?", words, StringComparison.Ordinal);
        NpgsqlException tls = new("SSL connection requested. No SSL enabled connection from this host is configured.");
        words = ServerFailure.Describe(tls, "db.example:5432/shop as app");
        Assert.Contains("Turn ssl on there, or give sslmode=prefer.", words, StringComparison.Ordinal);
        words = ServerFailure.Describe(new NpgsqlException("It is gone."), "db.example:5432/shop as app");
        Assert.Contains("cannot be reached: It is gone. Is", words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("55P03", FailureKind.Contention)]
    [InlineData("40P01", FailureKind.Contention)]
    [InlineData("57P03", FailureKind.Connection)]
    [InlineData("57P01", FailureKind.Connection)]
    [InlineData("08006", FailureKind.Connection)]
    [InlineData("23505", FailureKind.Final)]
    internal void Kind_says_whether_trying_again_helps(string state, FailureKind expected) =>
        Assert.Equal(expected, ServerFailure.KindOf(new PostgresException("", "ERROR", "ERROR", state)));
}
