// The shop of the routing corpus on real servers: one database with all rows, and four shards with their own.
using System.Globalization;
using System.Text;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;
using Drover.Routing;
using Drover.Routing.Catalogs;
using Drover.Sharding;
using Drover.Sharding.Catalog;
using Drover.Sql.Parsing;
using Drover.Topology;
using Drover.Topology.Keys;
using Npgsql;

namespace Drover.IntegrationTests.Routing;

internal sealed class RoutedShop : IAsyncDisposable
{
    public const int ShardCount = 4;

    private const string Schema = """
        CREATE SCHEMA app;
        CREATE TABLE orders (id bigint, customer_id bigint NOT NULL, status text, total numeric,
            PRIMARY KEY (customer_id, id));
        CREATE TABLE items (id bigint, order_id bigint, customer_id int NOT NULL, product_id bigint);
        CREATE TABLE app.visits (customer_id bigint NOT NULL, at timestamptz);
        CREATE TABLE notes (tenant varchar(10) NOT NULL, body text);
        CREATE TABLE codes (code character(10) NOT NULL, body text);
        CREATE TABLE files (owner uuid NOT NULL, name text);
        CREATE TABLE prices (price numeric(10, 2) NOT NULL, name text);
        CREATE TABLE days (day date NOT NULL, name text);
        CREATE TABLE products (id bigint PRIMARY KEY, title text, price numeric, at timestamptz DEFAULT now());
        CREATE TABLE customers (id bigint PRIMARY KEY, name text, code character(10), rate float8);
        CREATE FUNCTION slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
        CREATE FUNCTION total_of(bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.orders';
        CREATE VIEW recent AS SELECT id, customer_id AS c FROM orders WHERE status = 'new';
        CREATE VIEW tops AS SELECT id, customer_id AS c FROM orders ORDER BY id LIMIT 9;
        CREATE VIEW titles AS SELECT id, title FROM products;
        CREATE VIEW firsts AS SELECT * FROM recent r WHERE r.c = 42;
        CREATE INDEX orders_at ON orders (status);
        """;

    private const string HomeSchema = """
        CREATE SCHEMA audit;
        CREATE TABLE settings (name text, value text, customer_id bigint);
        CREATE TABLE ledger (customer_id numeric, note text);
        CREATE TABLE audit.orders (id bigint, customer_id bigint);
        """;

    /// <summary>Sharded tables: the key's column, how keys of a row are spelled, the other columns.</summary>
    private static readonly (
        string Table,
        string Key,
        KeyType Type,
        Func<int, string> Value,
        string Others
    )[] s_tables =
    [
        ("orders", "customer_id", KeyType.Bigint, Customer, "id, status, total"),
        ("items", "customer_id", KeyType.Bigint, Customer, "id, order_id, product_id"),
        ("app.visits", "customer_id", KeyType.Bigint, Customer, "at"),
        (
            "notes",
            "tenant",
            KeyType.Text,
            row =>
                row % 3 == 0 ? "abc"
                : row % 3 == 1 ? "it''s"
                : $"t{row % 50}",
            "body"
        ),
        ("codes", "code", KeyType.PaddedText, row => row % 2 == 0 ? "abc" : $"c{row % 50}", "body"),
        ("files", "owner", KeyType.Uuid, row => $"0188f0a1-0000-7000-8000-{row % 300:x12}", "name"),
        ("prices", "price", KeyType.Numeric, row => row % 2 == 0 ? "1.50" : $"{row % 20}", "name"),
        ("days", "day", KeyType.Date, row => $"2024-02-{1 + (row % 29):00}", "name"),
    ];

    private readonly ShardingStage _stage;
    private readonly ParserThreads _threads = new(1);

    private RoutedShop(ShardingStage stage, NpgsqlConnection whole)
    {
        _stage = stage;
        Whole = whole;
        State = new ShardedDatabaseState(new PostgresParser(PgQueryLibrary.Instance, _threads), TimeProvider.System);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static IEnumerable<string> Tables =>
        s_tables.Select(table => table.Table).Append("products").Append("customers");

    public ShardedDatabaseState State { get; }

    /// <summary>The database with all rows.</summary>
    public NpgsqlConnection Whole { get; }

    /// <summary>The shards' databases, by number.</summary>
    public Dictionary<int, NpgsqlConnection> Parts { get; } = [];

    public static async Task<RoutedShop> StartAsync(PostgresFixture postgres, int major)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        ShardingStage stage = await ShardingStage.StartAsync(postgres, major, ShardCount);
        RoutedShop shop = new(stage, await cluster.OpenAsync(database, Token));
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        await stage.OnShardAsync(1, HomeSchema);
        await cluster.ExecuteAsync(Schema + HomeSchema, Token, database);
        foreach ((string table, string key, _, _, _) in s_tables)
        {
            await stage.SetUpAsync($"table shard {table} --key {key}");
        }
        await stage.SetUpAsync("table reference products");
        await stage.SetUpAsync("table reference customers");
        for (int shard = 1; shard <= ShardCount; shard++)
        {
            shop.Parts[shard] = await stage.OpenShardAsync(shard);
        }
        await using ShardServers servers = ShardServers.Open(await stage.OptionsAsync(), null);
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(Token);
        shop.State.Publish(await TopologyReader.ReadAsync(catalog, Token));
        await using NpgsqlConnection home = await servers.OpenAsync(shop.State.Map!.Home, Token);
        CatalogPart part = await CatalogFactsReader.ReadAsync(home, shop.State.Parser, [], isWithin: false, Token);
        shop.State.Publish(new CatalogFactsSnapshot([part], [], []));
        await shop.FillAsync();
        return shop;
    }

    /// <summary>Where a statement runs.</summary>
    public async Task<Route> RouteAsync(string sql, string path)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(sql);
        return (await State.Router.LearnAsync(bytes, path)).Resolve(bytes, default);
    }

    public async ValueTask DisposeAsync()
    {
        await Whole.DisposeAsync();
        foreach (NpgsqlConnection part in Parts.Values)
        {
            await part.DisposeAsync();
        }
        _threads.Dispose();
        await _stage.DisposeAsync();
    }

    private static string Customer(int row) =>
        (row % 5) switch
        {
            0 => "42",
            1 => "1",
            2 => "4",
            3 => "-7",
            _ => (row * 7919).ToString(CultureInfo.InvariantCulture),
        };

    private async Task FillAsync()
    {
        const int Rows = 150;
        const string Reference = """
            INSERT INTO products SELECT i, 'title ' || i, i / 2.0, '2024-01-01' FROM generate_series(1, 60) i;
            INSERT INTO customers SELECT i, 'name ' || i, 'c' || i, i FROM generate_series(-10, 60) i;
            """;
        StringBuilder whole = new(Reference);
        Dictionary<int, StringBuilder> parts = Parts.Keys.ToDictionary(
            shard => shard,
            _ => new StringBuilder(Reference)
        );
        foreach ((string table, string key, KeyType type, Func<int, string> value, string others) in s_tables)
        {
            ColocationGroup group = State.Map!.Groups.Values.Single(one => one.KeyType == type);
            for (int row = 0; row < Rows; row++)
            {
                string text = value(row);
                byte[] bytes = Encoding.UTF8.GetBytes(text.Replace("''", "'", StringComparison.Ordinal));
                Assert.True(KeyHash.TryOfText(type, bytes, out ulong hash));
                IEnumerable<string> values = others.Split(", ").Select(column => Value(column, row));
                string sql = $"INSERT INTO {table} ({key}, {others}) VALUES ('{text}', {string.Join(", ", values)});\n";
                whole.Append(sql);
                parts[group.ShardOf(hash)].Append(sql);
            }
        }
        await ExecuteAsync(Whole, whole.ToString());
        foreach ((int shard, StringBuilder sql) in parts)
        {
            await ExecuteAsync(Parts[shard], sql.ToString());
        }
    }

    private static string Value(string column, int row) =>
        column switch
        {
            "id" => $"{row}",
            "order_id" => $"{row % 40}",
            "product_id" => $"{1 + (row % 60)}",
            "total" => $"{row % 17}.5",
            "status" => row % 2 == 0 ? "'new'" : "'paid'",
            "at" => $"'2024-01-01'::timestamptz + interval '{row} hours'",
            _ => $"'{column} {row % 10}'",
        };

    private static async Task ExecuteAsync(NpgsqlConnection server, string sql)
    {
        await using NpgsqlCommand command = new(sql, server);
        await command.ExecuteNonQueryAsync(Token);
    }
}
