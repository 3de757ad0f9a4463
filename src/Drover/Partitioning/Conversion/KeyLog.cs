// The key log: identities of rows for which the two tables may differ, until a sweep has made them equal.
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// The table, append-only for the mirror: no unique key over identities, so no writer ever waits for another there. An
/// entry without an identity stands for the whole table, and goes when a whole verification has found it equal.
/// </summary>
/// <param name="layout">The tables.</param>
internal sealed class KeyLog(ConversionLayout layout)
{
    /// <summary>Makes it.</summary>
    public IEnumerable<string> Create()
    {
        string columns = string.Join(
            ", ",
            layout.LogColumns.Zip(layout.Identity, (logged, name) => $"{logged} {layout.Column(name).Type}")
        );
        yield return $"""
            CREATE TABLE IF NOT EXISTS {layout.KeyLog} (
              seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns}, problem text,
              settles boolean NOT NULL DEFAULT false)
            """;
        yield return $"GRANT USAGE ON SCHEMA drover TO {SqlText.Name(layout.Owner)}";
        yield return $"REVOKE ALL ON {layout.KeyLog} FROM PUBLIC";
        yield return $"ALTER TABLE {layout.KeyLog} OWNER TO {SqlText.Name(layout.Owner)}";
    }

    /// <summary>
    /// Has each row that the mirror notes made equal when its transaction ends; only then have all row events of nested
    /// statements come to the mirror. The entry stays until a sweep has seen that it is right. It <c>settles</c> no
    /// more if its transaction could not do it: then it was wrong for a while, and somebody may have seen that.
    /// </summary>
    public IEnumerable<string> SettleTrigger()
    {
        yield return $"""
            CREATE CONSTRAINT TRIGGER drover_settle AFTER INSERT ON {layout.KeyLog} DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.settles) EXECUTE FUNCTION {layout.SettleFunction}()
            """;
        // Also under session_replication_role = replica, where the mirror notes as well.
        yield return $"ALTER TABLE {layout.KeyLog} ENABLE ALWAYS TRIGGER drover_settle";
    }

    /// <summary>Removes it.</summary>
    public string Drop() => $"DROP TABLE IF EXISTS {layout.KeyLog}";

    /// <summary>Whether anything is noted that the connection can see.</summary>
    public async Task<bool> IsEmptyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new($"SELECT NOT EXISTS (SELECT FROM {layout.KeyLog})", connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
