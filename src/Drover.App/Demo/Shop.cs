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

    private const string Tables = """
        CREATE FUNCTION pick(row_number bigint, seed bigint, choices bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
            AS 'SELECT (hashint8extended(row_number, seed) & 9007199254740991) % choices';
        -- Skewed: the first of the choices are far more frequent than the last.
        CREATE FUNCTION pick_skewed(row_number bigint, seed bigint, choices bigint) RETURNS bigint
            LANGUAGE sql IMMUTABLE AS '
                SELECT (choices * (pick(row_number, seed, 1000003) / 1000003.0::float8) ^ 2)::bigint % choices';
        CREATE FUNCTION moment(row_number bigint, row_count bigint) RETURNS timestamptz LANGUAGE sql STABLE
            AS 'SELECT date_trunc(''day'', now()) + interval ''1 day''
                - 94608000 * (1 - (row_number - 1) / row_count::float8) ^ 2 * interval ''1 second''';

        CREATE TABLE sellers (id bigserial PRIMARY KEY, name text NOT NULL, country text NOT NULL);
        CREATE TABLE products (id bigserial PRIMARY KEY, seller_id bigint NOT NULL REFERENCES sellers,
            name text NOT NULL, price decimal(10,2) NOT NULL);
        CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, email text NOT NULL,
            created_at timestamptz NOT NULL);
        CREATE TABLE orders (id bigserial, customer_id bigint NOT NULL, product_id bigint NOT NULL,
            status varchar(50) NOT NULL, total_amount decimal(10,2) NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE events (id bigserial, customer_id bigint NOT NULL, kind text NOT NULL, subject_id bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now());
        CREATE TABLE audit_logs (id bigserial, actor_id bigint NOT NULL, action text NOT NULL,
            entity_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
        """;

    private const string OrderRows = """
        INSERT INTO orders SELECT n, 1 + pick_skewed(n, 1, {customers}), 1 + pick_skewed(n, 2, {products}),
            (ARRAY['delivered','delivered','delivered','shipped','processing','pending','cancelled'])
                [1 + pick(n, 3, 7)],
            5 + pick(n, 4, 50000) / 100.0, moment(n, {orders}), moment(n, {orders})
            FROM generate_series(1, {orders}) n;
        ALTER TABLE orders ADD PRIMARY KEY (id);
        CREATE INDEX orders_customer_created_at ON orders (customer_id, created_at);
        ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers,
            ADD FOREIGN KEY (product_id) REFERENCES products;
        SELECT setval('orders_id_seq', {orders});
        """;

    private const string EventRows = """
        INSERT INTO events SELECT n, 1 + pick_skewed(n, 5, {customers}),
            (ARRAY['view','view','view','search','cart','checkout'])[1 + pick(n, 6, 6)],
            1 + pick_skewed(n, 7, {products}), moment(n, {events}) FROM generate_series(1, {events}) n;
        ALTER TABLE events ADD PRIMARY KEY (id);
        CREATE INDEX events_customer_created_at ON events (customer_id, created_at);
        SELECT setval('events_id_seq', {events});
        """;

    private const string AuditRows = """
        INSERT INTO audit_logs SELECT n, 1 + pick(n, 8, {customers}),
            (ARRAY['login','order placed','order changed','export'])[1 + pick(n, 9, 4)],
            1 + pick(n, 10, {orders}), moment(n, {audit_logs}) FROM generate_series(1, {audit_logs}) n;
        ALTER TABLE audit_logs ADD PRIMARY KEY (id);
        SELECT setval('audit_logs_id_seq', {audit_logs});
        """;

    private const string SmallRows = """
        INSERT INTO sellers SELECT n, 'Seller ' || n, (ARRAY['DE','FR','PL','ES','IT'])[1 + pick(n, 11, 5)]
            FROM generate_series(1, {sellers}) n;
        INSERT INTO products SELECT n, 1 + pick(n, 12, {sellers}), 'Product ' || n, 5 + pick(n, 13, 50000) / 100.0
            FROM generate_series(1, {products}) n;
        INSERT INTO customers SELECT n, 'Customer ' || n, 'customer' || n || '@example.com', moment(n, {customers})
            FROM generate_series(1, {customers}) n;
        SELECT setval('sellers_id_seq', {sellers}), setval('products_id_seq', {products}),
            setval('customers_id_seq', {customers});
        """;

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
        await RunAsync(Tables);
        await RunAsync(SmallRows);
        await Task.WhenAll(
            FillAsync("orders", Orders, OrderRows),
            FillAsync("events", Events, EventRows),
            FillAsync("audit_logs", AuditLogs, AuditRows)
        );
        await RunAsync("VACUUM ANALYZE");
        await RunAsync($"GRANT ALL ON ALL TABLES IN SCHEMA public TO {Role}");
        await RunAsync($"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {Role}; CHECKPOINT");

        async Task FillAsync(string table, long rows, string sql)
        {
            await RunAsync(sql);
            show(string.Create(CultureInfo.InvariantCulture, $"{table}: {rows:N0} rows"));
        }

        Task RunAsync(string sql) => cluster.ExecuteAsync(WithCounts(sql), cancellationToken, Database);
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
