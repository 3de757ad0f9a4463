// Holds the table against the tallies: every difference has a name.
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>The checker. It reads the whole table in one snapshot; no writer may be at work.</summary>
internal static class LedgerAudit
{
    private const string Partitions = """
        SELECT c.oid::regclass::text, pg_get_partition_constraintdef(c.oid)
        FROM pg_partition_tree('ledger') AS t JOIN pg_class AS c ON c.oid = t.relid WHERE t.isleaf AND c.relispartition
        """;

    /// <summary>What is wrong; empty when nothing is.</summary>
    public static async Task<List<string>> CheckAsync(Ledger ledger, IReadOnlyList<LedgerTally> tallies)
    {
        await using NpgsqlConnection connection = await ledger.OpenAsync("audit");
        ILookup<long, FoundRow> found = (await Ledger.ReadAsync(connection)).ToLookup(row => row.Id);
        List<string> wrong = [];
        foreach (LedgerTally tally in tallies)
        {
            wrong.AddRange(tally.Keys.SelectMany(id => Compare(id, tally.Rows.GetValueOrDefault(id), [.. found[id]])));
        }
        for (int hot = 1; hot <= Ledger.HotRows; hot++)
        {
            long counted = tallies.Sum(tally => tally.Hot[hot - 1]);
            FoundRow[] rows = [.. found[-hot]];
            if (rows is not [{ Row: var row }] || row[1] != $"{counted}")
            {
                wrong.Add(
                    $"hot row {-hot} was counted up {counted} times: {string.Join(", ", rows.Select(r => r.Row[1]))}"
                );
            }
        }
        HashSet<long> known = [.. tallies.SelectMany(tally => tally.Keys)];
        wrong.AddRange(
            found
                .Where(group => !known.Contains(group.Key) && group.Key is >= 0 or < -Ledger.HotRows)
                .Select(group => $"invented: row {group.Key} is nobody's")
        );
        wrong.AddRange(await MisplacedAsync(connection));
        return wrong;
    }

    private static IEnumerable<string> Compare(long id, LedgerRow? expected, FoundRow[] found)
    {
        if (found.Length > 1)
        {
            yield return $"duplicate: row {id} is in {string.Join(" and ", found.Select(row => row.Place))}";
        }
        if (expected is null)
        {
            if (found.Length > 0)
            {
                yield return $"resurrected: row {id} was deleted and is in {found[0].Place}";
            }
            yield break;
        }
        if (found.Length == 0)
        {
            yield return $"lost: row {id}";
            yield break;
        }
        foreach (string difference in expected.Differences(found[0].Row))
        {
            yield return $"{difference} in row {id}";
        }
    }

    // The constraint that a partition's rows must meet, asked of every row of it.
    private static async Task<List<string>> MisplacedAsync(NpgsqlConnection connection)
    {
        Dictionary<string, string> constraints = [];
        await using (NpgsqlCommand command = new(Partitions, connection))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken))
        {
            while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            {
                constraints.Add(reader.GetString(0), reader.GetString(1));
            }
        }
        List<string> wrong = [];
        foreach ((string partition, string constraint) in constraints)
        {
            await using NpgsqlCommand command = new(
                $"SELECT id FROM ONLY {partition} WHERE NOT ({constraint})",
                connection
            );
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(
                TestContext.Current.CancellationToken
            );
            while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            {
                wrong.Add($"misplaced: row {reader.GetInt64(0)} lies in {partition}");
            }
        }
        return wrong;
    }
}
