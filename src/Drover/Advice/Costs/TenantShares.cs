// Which share of a table's rows each tenant has, as ANALYZE has sampled it.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Costs;

/// <summary>
/// The most common values of a column and the rest, out of pg_stats: a sample, not a count; see
/// https://www.postgresql.org/docs/18/view-pg-stats.html. The rest is spread evenly over the other tenants.
/// </summary>
/// <param name="Common">Tenants and their shares of the rows, the largest first.</param>
/// <param name="OtherTenants">How many more there are, by estimate.</param>
/// <param name="OtherShare">The share of all those.</param>
internal sealed record TenantShares(
    IReadOnlyList<(string Tenant, decimal Share)> Common,
    long OtherTenants,
    decimal OtherShare
)
{
    private const string Sql = """
        SELECT s.most_common_vals::text::text[], s.most_common_freqs, s.n_distinct::float8, s.null_frac::float8,
               greatest(c.reltuples, 0)::float8
        FROM pg_catalog.pg_stats s
        JOIN pg_catalog.pg_class c ON c.oid = $1::oid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = $2
        ORDER BY s.inherited DESC LIMIT 1
        """;

    /// <summary>Reads them.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="key">table.column or schema.table.column, as SQL writes the table.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperationException">There is no such column, or it was never analysed.</exception>
    public static async Task<TenantShares> ReadAsync(
        NpgsqlConnection connection,
        string key,
        CancellationToken cancellation
    )
    {
        int dot = key.LastIndexOf('.');
        if (dot < 1 || dot == key.Length - 1)
        {
            throw new OperationException($"--tenant-key '{key}': write table.column", OperationOutcome.Usage);
        }
        (string table, string column) = (key[..dot], key[(dot + 1)..].Trim('"'));
        List<TenantShares> found;
        try
        {
            // A short name is meant as the role's own path has it; everything else is read without one.
            await connection.ExecuteAsync("RESET search_path", [], cancellation);
            object? oid = await connection.ScalarAsync("SELECT $1::regclass::oid::bigint", [table], cancellation);
            await connection.ExecuteAsync("SET search_path = ''", [], cancellation);
            found = await connection.ListAsync(Sql, [oid, column], Of, cancellation);
        }
        catch (PostgresException wrong) when (wrong.SqlState is "42P01" or "3F000" or "42602")
        {
            throw new OperationException($"--tenant-key {key}: {wrong.MessageText}", OperationOutcome.Usage);
        }
        return found.FirstOrDefault()
            ?? throw new OperationException(
                $"--tenant-key {key}: nothing is known of that column: ANALYZE {table}, or GRANT SELECT on it",
                OperationOutcome.Usage
            );
    }

    private static TenantShares Of(NpgsqlDataReader row)
    {
        string[] values = row.IsDBNull(0) ? [] : row.GetFieldValue<string[]>(0);
        float[] shares = row.IsDBNull(1) ? [] : row.GetFieldValue<float[]>(1);
        double distinct = row.GetDouble(2);
        decimal tenants = (decimal)Math.Round(distinct < 0 ? -distinct * row.GetDouble(4) : distinct);
        (string, decimal)[] common =
        [
            // The float's own digits, not those of its binary expansion.
            .. values.Zip(
                shares,
                static (value, share) => (value, decimal.Parse(Digits(share), NumberStyles.Float, Invariant))
            ),
        ];
        decimal rest = 1 - decimal.Parse(Digits((float)row.GetDouble(3)), NumberStyles.Float, Invariant);
        rest = Math.Max(0, common.Aggregate(rest, static (left, one) => left - one.Item2));
        long others = (long)Math.Max(0, tenants - common.Length);
        return new TenantShares(common, others, others > 0 ? rest : 0);
    }

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    private static string Digits(float value) => value.ToString("R", Invariant);
}
