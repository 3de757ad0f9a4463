// What the shop's clients ask: reads by age of data, orders placed and changed, and the dashboard.
using Npgsql;

namespace Drover.App.Demo;

/// <summary>The statements of one client and their frequencies; deterministic by the client's number.</summary>
internal sealed class ShopTraffic(Shop shop, int client, TimeProvider timeProvider)
{
    /// <summary>A customer's newest orders between two moments.</summary>
    public const string ReadOrders =
        "SELECT id, status, total_amount, created_at FROM orders "
        + "WHERE customer_id = $1 AND created_at >= $2 AND created_at < $3 ORDER BY created_at DESC LIMIT 20";

    private const string ReadEvents =
        "SELECT id, kind, subject_id, created_at FROM events "
        + "WHERE customer_id = $1 AND created_at >= $2 AND created_at < $3 ORDER BY created_at DESC LIMIT 20";

    private const string InsertOrder =
        "INSERT INTO orders (customer_id, product_id, status, total_amount) "
        + "VALUES ($1, $2, 'pending', $3) RETURNING id";

    private const string InsertAudit =
        "INSERT INTO audit_logs (actor_id, action, entity_id) VALUES ($1, 'order placed', $2)";

    /// <summary>An order's status, by its id.</summary>
    public const string UpdateOrder = "UPDATE orders SET status = $2, updated_at = now() WHERE id = $1";

    private const string UpdateOrderOfCustomer =
        "UPDATE orders SET status = $2, updated_at = now() WHERE id = $1 AND customer_id = $3";

    /// <summary>The query of the story that made the team look for another way; asks for 90 days.</summary>
    public const string Dashboard = """
        SELECT o.id, o.status, o.total_amount, o.created_at, c.name, p.name, s.name
        FROM orders o JOIN customers c ON c.id = o.customer_id
            JOIN products p ON p.id = o.product_id JOIN sellers s ON s.id = p.seller_id
        WHERE o.created_at >= $1 AND o.status IN ('pending', 'processing') ORDER BY o.created_at DESC LIMIT 100
        """;

    // Of a thousand actions; what is left are reads.
    private const int DashboardPerMille = 5;
    private const int InsertPerMille = 50;
    private const int UpdatePerMille = 45;

    private static readonly string[] s_statuses = ["processing", "shipped", "delivered"];

    // Youngest and oldest day of a read, and up to which percentile of the reads it is taken.
    private static readonly (int From, int To, int Percentile)[] s_ages =
    [
        (0, 7, 78),
        (7, 30, 96),
        (30, 90, 99),
        (90, 1095, 100),
    ];

    private readonly Random _random = new(client);
    private (long Id, long Customer)? _ownOrder;

    /// <summary>An order is changed by its customer and its id: the client's own, and there is one first.</summary>
    public bool IsByCustomer { get; init; }

    /// <summary>A pause before the next action, exponentially distributed: clients do not know of each other.</summary>
    public TimeSpan NextPause(TimeSpan mean) => mean * -Math.Log(1 - _random.NextDouble());

    /// <summary>Does the next action; each statement is measured by itself.</summary>
    public Task ActAsync(NpgsqlConnection connection, TrafficMeter meter, CancellationToken cancellationToken)
    {
        int choice = _random.Next(1000);
        return choice switch
        {
            < DashboardPerMille => AskAsync(
                connection,
                meter,
                QueryKind.Dashboard,
                Dashboard,
                [DaysAgo(90)],
                cancellationToken
            ),
            < DashboardPerMille + InsertPerMille => PlaceOrderAsync(connection, meter, cancellationToken),
            < DashboardPerMille + InsertPerMille + UpdatePerMille => ChangeOrderAsync(
                connection,
                meter,
                cancellationToken
            ),
            _ => ReadAsync(connection, meter, cancellationToken),
        };
    }

    /// <summary>The band of ages, in days, of one read.</summary>
    public static (int From, int To) AgeOf(int percentile) => AgeOf(BandOf(percentile));

    /// <summary>The band of ages, in days, of a kind of read.</summary>
    public static (int From, int To) AgeOf(QueryKind orders)
    {
        (int from, int to, _) = s_ages[orders - QueryKind.OrdersOfWeek];
        return (from, to);
    }

    private static QueryKind BandOf(int percentile) =>
        QueryKind.OrdersOfWeek + Array.FindIndex(s_ages, age => percentile < age.Percentile);

    private async Task ReadAsync(NpgsqlConnection connection, TrafficMeter meter, CancellationToken cancellationToken)
    {
        QueryKind band = BandOf(_random.Next(100));
        (int from, int to) = AgeOf(band);
        bool isOfEvents = _random.Next(3) == 0;
        // The newest band ends tomorrow, so that what was written just now is in it.
        DateTime end = DaysAgo(from == 0 ? -1 : from);
        await AskAsync(
            connection,
            meter,
            isOfEvents ? QueryKind.Other : band,
            isOfEvents ? ReadEvents : ReadOrders,
            [Customer(), DaysAgo(to), end],
            cancellationToken
        );
    }

    private async Task PlaceOrderAsync(
        NpgsqlConnection connection,
        TrafficMeter meter,
        CancellationToken cancellationToken
    )
    {
        long customer = Customer();
        object[] order = [customer, 1 + _random.NextInt64(shop.Products), (decimal)_random.Next(500, 50000) / 100];
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        object? id = await AskAsync(connection, meter, QueryKind.PlaceOrder, InsertOrder, order, cancellationToken);
        await AskAsync(connection, meter, QueryKind.Other, InsertAudit, [customer, id!], cancellationToken);
        long started = timeProvider.GetTimestamp();
        await transaction.CommitAsync(cancellationToken);
        meter.Record(QueryKind.Other, timeProvider.GetElapsedTime(started));
        _ownOrder = ((long)id!, customer);
    }

    private async Task ChangeOrderAsync(
        NpgsqlConnection connection,
        TrafficMeter meter,
        CancellationToken cancellationToken
    )
    {
        if (IsByCustomer && _ownOrder is null)
        {
            await PlaceOrderAsync(connection, meter, cancellationToken);
        }
        long order = _ownOrder?.Id ?? 1 + _random.NextInt64(shop.Orders);
        string status = s_statuses[_random.Next(s_statuses.Length)];
        await AskAsync(
            connection,
            meter,
            QueryKind.ChangeOrder,
            IsByCustomer ? UpdateOrderOfCustomer : UpdateOrder,
            IsByCustomer ? [order, status, _ownOrder!.Value.Customer] : [order, status],
            cancellationToken
        );
    }

    // Reads all rows, as an application does; returns the first value.
    private async Task<object?> AskAsync(
        NpgsqlConnection connection,
        TrafficMeter meter,
        QueryKind kind,
        string sql,
        object[] values,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(sql, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        long started = timeProvider.GetTimestamp();
        object? first = null;
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                first ??= reader.GetValue(0);
            }
        }
        meter.Record(kind, timeProvider.GetElapsedTime(started));
        return first;
    }

    private DateTime DaysAgo(int days) => timeProvider.GetUtcNow().UtcDateTime.AddDays(-days);

    private long Customer()
    {
        double draw = _random.NextDouble();
        return 1 + Math.Min(shop.Customers - 1, (long)(shop.Customers * draw * draw));
    }
}
