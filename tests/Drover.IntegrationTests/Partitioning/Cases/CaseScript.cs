// The little that a case's files can say besides SQL: includes, turns, a running number, rows of COPY, words in quotes.
using System.Globalization;
using System.Text;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>Reads and runs the texts of a case.</summary>
internal static class CaseScript
{
    private const string Include = "\\i ";
    private const string Turn = "\n---\n";

    /// <summary>The text with <c>\i file</c> replaced by that file.</summary>
    public static string WithIncludes(string text, string folder) =>
        string.Join(
            '\n',
            text.Split('\n')
                .Select(line =>
                    line.StartsWith(Include, StringComparison.Ordinal)
                        ? File.ReadAllText(Path.Combine(folder, line[Include.Length..].Trim()))
                        : line
                )
        );

    /// <summary>The transactions that are sent in turn.</summary>
    public static IEnumerable<string> Turns(string text) =>
        text.Split(Turn, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Words separated by blanks or commas; blanks within double quotes do not separate.</summary>
    public static IEnumerable<string> Words(string text)
    {
        StringBuilder word = new();
        bool isQuoted = false;
        foreach (char letter in text)
        {
            isQuoted ^= letter == '"';
            if (letter is ' ' or ',' && !isQuoted)
            {
                if (word.Length > 0)
                {
                    yield return word.ToString();
                }
                word.Clear();
                continue;
            }
            word.Append(letter);
        }
        if (word.Length > 0)
        {
            yield return word.ToString();
        }
    }

    /// <summary>Runs one turn as a transaction, which <c>ROLLBACK</c> as its last word rolls back.</summary>
    public static async Task RunTurnAsync(
        NpgsqlConnection connection,
        string turn,
        long number,
        CancellationToken cancellationToken
    )
    {
        string sql = turn.Replace("$n", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        if (sql.StartsWith("COPY ", StringComparison.Ordinal))
        {
            int end = sql.IndexOf('\n', StringComparison.Ordinal);
            await using TextWriter rows = await connection.BeginTextImportAsync(sql[..end], cancellationToken);
            await rows.WriteAsync((sql[(end + 1)..] + "\n").AsMemory(), cancellationToken);
            return;
        }
        const string Rollback = "ROLLBACK";
        bool commits =
            !sql.EndsWith($";\n{Rollback}", StringComparison.Ordinal)
            && !sql.EndsWith($"; {Rollback}", StringComparison.Ordinal);
        string all = commits ? $"BEGIN; {sql}; COMMIT" : $"BEGIN; {sql}";
        await RunAsync(connection, all, cancellationToken);
    }

    /// <summary>Runs statements.</summary>
    public static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A query's rows, each as text.</summary>
    public static async Task<string> AskAsync(
        NpgsqlConnection connection,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(sql, connection)
        {
            CommandTimeout = 0,
            AllResultTypesAreUnknown = true,
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        StringBuilder rows = new();
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.AppendJoin(
                    " | ",
                    Enumerable
                        .Range(0, reader.FieldCount)
                        .Select(column => reader.IsDBNull(column) ? "NULL" : reader.GetString(column))
                );
                rows.Append('\n');
            }
        } while (await reader.NextResultAsync(cancellationToken));
        return rows.ToString();
    }
}
