// The shop: its tables and the rows that fill them, the same at every run but for the day they end on.
using System.Globalization;
using Drover.App.LocalPostgres;

namespace Drover.App.Demo;

/// <summary>
/// Orders, events and audit logs in the proportions of the story, a thousandth of its size at scale 1. Every value is
/// computed from the row's number with PostgreSQL's own hash functions. Rows lie denser the younger they are, over
/// three years that end at midnight after the load.
/// </summary>
internal sealed class Shop(double scale)
{
    /// <summary>The database.</summary>
    public const string Database = "shop";

    /// <summary>The role of the application.</summary>
    public const string Role = "app";

    /// <summary>Rows of orders.</summary>
    public long Orders => Count(200_000);

    /// <summary>Rows of events.</summary>
    public long Events => Count(500_000);

    /// <summary>Rows of audit_logs.</summary>
    public long AuditLogs => Count(1_200_000);

    /// <summary>Rows of customers.</summary>
    public long Customers => Count(10_000);

    /// <summary>Rows of products.</summary>
    public long Products => Count(1_000);

    /// <summary>Rows of sellers.</summary>
    public long Sellers => Count(100);

    /// <summary>All rows.</summary>
    public long Rows => Orders + Events + AuditLogs + Customers + Products + Sellers;

    /// <summary>Makes the database and fills it, the large tables beside each other.</summary>
    public async Task LoadAsync(LocalPostgresCluster cluster, Action<string> show, CancellationToken cancellationToken)
    {
        await cluster.ExecuteAsync(
            $"DO $$BEGIN CREATE ROLE {Role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$",
            cancellationToken
        );
        await cluster.ExecuteAsync($"CREATE DATABASE {Database}", cancellationToken);
        await RunAsync(Section("tables"));
        await RunAsync(Section("small"));
        await Task.WhenAll(
            FillAsync("orders", Orders),
            FillAsync("events", Events),
            FillAsync("audit_logs", AuditLogs)
        );
        await RunAsync("VACUUM ANALYZE");
        await RunAsync($"GRANT ALL ON ALL TABLES IN SCHEMA public TO {Role}");
        await RunAsync($"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {Role}; CHECKPOINT");

        async Task FillAsync(string table, long rows)
        {
            await RunAsync(Section(table));
            show(string.Create(CultureInfo.InvariantCulture, $"{table}: {rows:N0} rows"));
        }

        Task RunAsync(string sql) => cluster.ExecuteAsync(WithCounts(sql), cancellationToken, Database);
    }

    // The text of shop.sql between one "-- section NAME" and the next.
    private static string Section(string name)
    {
        using Stream stream = typeof(Shop).Assembly.GetManifestResourceStream("Drover.App.Demo.shop.sql")!;
        using StreamReader reader = new(stream);
        const string mark = "-- section ";
        return reader
            .ReadToEnd()
            .Split(mark)
            .First(section => section.StartsWith(name + '\n', StringComparison.Ordinal))[(name.Length + 1)..];
    }

    private string WithCounts(string sql)
    {
        (string Name, long Count)[] counts =
        [
            ("orders", Orders),
            ("events", Events),
            ("audit_logs", AuditLogs),
            ("customers", Customers),
            ("products", Products),
            ("sellers", Sellers),
        ];
        return counts.Aggregate(
            sql,
            static (text, item) => text.Replace($"{{{item.Name}}}", $"{item.Count}", StringComparison.Ordinal)
        );
    }

    private long Count(long atScaleOne) => Math.Max(10, (long)(atScaleOne * scale));
}
