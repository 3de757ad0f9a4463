// Reads from a database's catalogs which names tell: functions that may touch the session, and what calls them.
using System.Globalization;
using Drover.Protocol;
using Drover.Sql;
using Drover.Transport;

namespace Drover.Pooling.Servers;

/// <summary>
/// Runs on a server that a client is about to get. Nothing changed: one question. Else all functions are read, in
/// pages, and what calls the telling ones, until nothing more is found.
/// </summary>
internal static class CatalogReader
{
    /// <summary>
    /// Rounds of functions that call functions through tables, views and types; beyond, everything is telling.
    /// </summary>
    private const int RoundsMax = 16;

    /// <summary>What an event trigger runs behind.</summary>
    private static readonly string[] Definitions =
    [
        "create",
        "alter",
        "drop",
        "comment",
        "grant",
        "revoke",
        "security",
        "reindex",
        "refresh",
        "import",
        "into",
    ];

    /// <summary>
    /// Brings the catalog's names up to date if it is time. A failure leaves what is known; null, or why it failed.
    /// </summary>
    public static async ValueTask<PoolFailure?> RefreshAsync(ServerConnection server, Wakeup wakeup)
    {
        TellingCatalog catalog = server.Pool.Database.Telling;
        EventLoop loop = server.Transport.Loop;
        if (!catalog.TryBegin(loop.NowMs, out (int Changes, string Fingerprint) ticket))
        {
            return null;
        }
        string? fingerprint = null;
        TellingNames? names = null;
        try
        {
            ServerQueryResult first = await AskAsync(server, wakeup, CatalogQuestions.Fingerprint);
            if (!first.IsGood)
            {
                return FailureOf(first);
            }
            string found = first.Rows is [[_, { } value]] ? value : "";
            if (found != ticket.Fingerprint || found.Length == 0)
            {
                (names, PoolFailure? failure) = await ReadAsync(server, wakeup);
                if (failure is not null)
                {
                    return failure;
                }
            }
            fingerprint = found;
            return null;
        }
        finally
        {
            catalog.End(ticket.Changes, fingerprint, names, loop.NowMs);
        }
    }

    /// <summary>
    /// The search_path on the server may be any client's: one with operators of its own would see to it that its
    /// functions tell nothing. It is back when the answer is there.
    /// </summary>
    private static ValueTask<ServerQueryResult> AskAsync(ServerConnection server, Wakeup wakeup, string question) =>
        ServerQuery.RunAsync(server, wakeup, SessionProbe.Limit, CatalogQuestions.OwnPath + question);

    private static async ValueTask<(TellingNames? Names, PoolFailure? Failure)> ReadAsync(
        ServerConnection server,
        Wakeup wakeup
    )
    {
        (List<CatalogFunction> all, PoolFailure? failure) = await ReadFunctionsAsync(server, wakeup);
        TellingFunctions functions = new(all);
        List<TellingObject> callers = [];
        for (int round = 0; round < RoundsMax && failure is null; round++)
        {
            (TellingNames names, bool hasGrown) = functions.Grow(callers);
            if (round > 0 && !hasGrown)
            {
                return (names, null);
            }
            string question = CatalogQuestions.Callers(
                functions.Telling.Keys.Select(static function => function.Oid),
                functions
                    .Telling.Where(static pair => pair.Value.HasFlag(StatementTraits.SetsUnknownName))
                    .Select(static pair => pair.Key.Oid)
            );
            ServerQueryResult result = await AskAsync(server, wakeup, question);
            failure = result.IsGood ? null : FailureOf(result);
            foreach (string?[] row in result.Rows.Where(static row => row[0] == "definition"))
            {
                functions.Add(row[1] ?? "");
            }
            if (result.Rows.Exists(static row => row[0] == "nameless"))
            {
                return (functions.Everything(), failure);
            }
            callers = [.. result.Rows.Where(static row => row[0] != "definition").SelectMany(ObjectsOf)];
        }
        return (functions.Everything(), failure);
    }

    private static IEnumerable<TellingObject> ObjectsOf(string?[] row)
    {
        StatementTraits traits = StatementScanner.Unpredictable;
        traits |= row[3] == "t" ? StatementTraits.SetsUnknownName : StatementTraits.None;
        return row[0] == "event"
            ? Definitions.Select(word => new TellingObject(word, OnWrite: false, traits))
            : [new TellingObject(row[1]!, OnWrite: row[2] == "t", traits)];
    }

    private static async ValueTask<(List<CatalogFunction> Functions, PoolFailure? Failure)> ReadFunctionsAsync(
        ServerConnection server,
        Wakeup wakeup
    )
    {
        List<CatalogFunction> functions = [];
        bool hasSqlBodies = MajorOf(server) >= 14;
        string last = "0";
        for (; ; )
        {
            ServerQueryResult page = await AskAsync(server, wakeup, CatalogQuestions.Functions(last, hasSqlBodies));
            if (!page.IsGood)
            {
                return (functions, FailureOf(page));
            }
            foreach (string?[] row in page.Rows)
            {
                bool isCut = row[4]!.Length >= CatalogQuestions.BodyCharactersMax;
                functions.Add(new CatalogFunction(row[1]!, row[2]!, row[3]!, isCut ? "execute" : row[4]!));
            }
            if (page.Rows.Count < CatalogQuestions.PageSize)
            {
                return (functions, null);
            }
            last = functions[^1].Oid;
        }
    }

    private static int MajorOf(ServerConnection server)
    {
        string version = server.Reported.TryFind("server_version", out string? reported) ? reported : "";
        int digits = version.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(
            digits < 0 ? version : version.AsSpan(0, digits),
            CultureInfo.InvariantCulture,
            out int major
        )
            ? major
            : 0;
    }

    private static PoolFailure FailureOf(ServerQueryResult result) =>
        result.Failure ?? new PoolFailure(SqlState.ConnectionFailure, "the server closed the connection");
}
