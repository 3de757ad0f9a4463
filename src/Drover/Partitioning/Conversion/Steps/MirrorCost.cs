// What the mirror costs a write: measured on a scratch table before it is put on the real one.
using System.Globalization;
using System.Text.Json;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>
/// Some rows are inserted, updated and deleted in a table like the source, with the mirror's trigger on it, and
/// PostgreSQL says what time went into the trigger (manual, EXPLAIN). The caller rolls back: nobody else ever sees the
/// scratch table, no sequence is drawn from, and no trigger of the user's fires.
/// </summary>
/// <param name="layout">The tables.</param>
internal sealed class MirrorCost(ConversionLayout layout)
{
    private QualifiedName Scratch => new("drover", $"rehearsal_{layout.Oid}");

    /// <summary>Measures, in the caller's transaction. Null: the table has no rows to measure with.</summary>
    public async Task<string?> MeasureAsync(NpgsqlConnection connection, int rows, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(
            $"CREATE TABLE {Scratch} (LIKE {layout.Table} INCLUDING GENERATED INCLUDING STORAGE)",
            [],
            cancellationToken
        );
        string identity = ConversionSql.List(layout.Identity);
        await connection.ExecuteAsync($"ALTER TABLE {Scratch} ADD PRIMARY KEY ({identity})", [], cancellationToken);
        foreach (string statement in new Mirror(layout).Triggers(Scratch))
        {
            await connection.ExecuteAsync(statement, [], cancellationToken);
        }
        string column = SqlText.Name(layout.Written.First(Changes).Name);
        (string Verb, string Sql)[] writes =
        [
            (
                "insert",
                $"INSERT INTO {Scratch} ({layout.Written()}) SELECT {layout.Written("s")} FROM {layout.Table} AS s "
                    + $"LIMIT {rows.ToString(CultureInfo.InvariantCulture)}"
            ),
            ("update", $"UPDATE {Scratch} SET {column} = {column}"),
            ("delete", $"DELETE FROM {Scratch}"),
        ];
        List<string> costs = [];
        foreach ((string verb, string sql) in writes)
        {
            string plan =
                await connection.ScalarAsync($"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", [], cancellationToken) as string
                ?? "[]";
            if (Read(plan) is not { } cost)
            {
                return null;
            }
            costs.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{verb} +{cost.MirrorUs:0.0} µs ({cost.PlainUs:0.0} µs without)"
                )
            );
        }
        return $"the mirror's cost per row: {string.Join(", ", costs)}";
    }

    // A column that an UPDATE may set, and if there is one, that makes no difference to the row's place.
    private bool Changes(ConversionColumn column) =>
        !column.IsIdentityAlways
        && (!layout.Place.Contains(column.Name) || layout.Written.All(other => layout.Place.Contains(other.Name)));

    private static (double MirrorUs, double PlainUs)? Read(string plan)
    {
        using JsonDocument json = JsonDocument.Parse(plan);
        JsonElement all = json.RootElement[0];
        JsonElement trigger = all.GetProperty("Triggers")
            .EnumerateArray()
            .FirstOrDefault(one => one.GetProperty("Trigger Name").GetString() == Mirror.RowTrigger);
        if (
            trigger.ValueKind == JsonValueKind.Undefined
            || trigger.GetProperty("Calls").GetDouble() is not (> 0 and var calls)
        )
        {
            return null;
        }
        double mirrorMs = trigger.GetProperty("Time").GetDouble();
        return (mirrorMs * 1000 / calls, (all.GetProperty("Execution Time").GetDouble() - mirrorMs) * 1000 / calls);
    }
}
