// What goes to one shard gives what one server with all rows gives; and keys are where the servers say they are.
using System.Globalization;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Routing;
using Npgsql;

namespace Drover.IntegrationTests.Routing;

public sealed class RoutedAnswerTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// Every statement of the corpora that goes to one shard, or to any, is run there and on the whole: the rows that
    /// come back are the same, and so are all tables afterwards.
    /// </summary>
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Statement_on_one_shard_gives_what_the_whole_would(int major)
    {
        await using RoutedShop shop = await RoutedShop.StartAsync(postgres, major);
        int compared = 0;
        List<string> wrong = [];
        foreach ((string path, string sql) in Statements())
        {
            Route route = await shop.RouteAsync(sql, path);
            int shard = route.Kind switch
            {
                RouteKind.One => route.Shard,
                RouteKind.Any => 1 + (compared % RoutedShop.ShardCount),
                _ => 0,
            };
            if (shard == 0)
            {
                continue;
            }
            compared++;
            string whole = await AnswerAsync(shop, shop.Whole, path, sql, others: []);
            string part = await AnswerAsync(
                shop,
                shop.Parts[shard],
                path,
                sql,
                [.. shop.Parts.Where(other => other.Key != shard).Select(other => other.Value)]
            );
            if (whole != part)
            {
                int same = whole.Zip(part).TakeWhile(pair => pair.First == pair.Second).Count();
                wrong.Add($"{sql}\non the whole: {From(whole, same)}\non shard {shard}: {From(part, same)}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
        Assert.True(compared > 110, $"only {compared} statements were compared");
    }

    /// <summary>Statements of many forms over random keys go to the shard that the server's own hash says.</summary>
    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Random_key_goes_where_the_servers_hash_says(int major)
    {
        await using RoutedShop shop = await RoutedShop.StartAsync(postgres, major);
        Random random = new(4711);
        foreach (KeyForm form in KeyForm.All)
        {
            string[] keys = [.. Enumerable.Range(0, 400).Select(_ => form.Key(random))];
            await using NpgsqlCommand command = new(
                $"SELECT {form.Slot} FROM string_to_table($1, chr(1)) AS k",
                shop.Whole
            )
            {
                Parameters = { new NpgsqlParameter { Value = string.Join('\u0001', keys) } },
            };
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
            foreach (string key in keys)
            {
                Assert.True(await reader.ReadAsync(Token));
                int slot = (int)Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture);
                string sql = form.Statement(random, key);
                Route route = await shop.RouteAsync(sql, "public");
                Route expected = Route.One(form.Group(shop.State.Map!).Slots[slot]);
                Assert.True(expected == route, $"{sql}: {route.Kind} {route.Shard} and not {expected.Shard}");
            }
        }
    }

    private static IEnumerable<(string Path, string Sql)> Statements()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
        {
            folder = folder.Parent;
        }
        foreach (string file in (string[])["queries.txt", "writes.txt"])
        {
            string corpus = Path.Combine(folder!.FullName, "tests", "corpus", "routing", file);
            foreach (string line in File.ReadLines(corpus).Where(line => line.Length > 0 && line[0] != '#'))
            {
                string sql = line.Split('|', 2, StringSplitOptions.TrimEntries)[1];
                int end = sql[0] == '[' ? sql.IndexOf(']', StringComparison.Ordinal) : -1;
                string path = end < 0 ? "public" : sql[1..end];
                sql = end < 0 ? sql : sql[(end + 1)..].Trim();
                // Another value each time, wherever it runs.
                if (!sql.Contains("random()", StringComparison.Ordinal))
                {
                    yield return (path, sql);
                }
            }
        }
    }

    /// <summary>Runs a statement, reads what came and what is in all tables then, and takes it back.</summary>
    private static async Task<string> AnswerAsync(
        RoutedShop shop,
        NpgsqlConnection server,
        string path,
        string sql,
        NpgsqlConnection[] others
    )
    {
        await using NpgsqlTransaction transaction = await server.BeginTransactionAsync(Token);
        try
        {
            await RowsAsync(server, $"SET LOCAL search_path = {path}");
            string answer = string.Join('\n', await RowsAsync(server, sql, withCount: true));
            if (shop.State.Router.Map is null || !IsWrite(sql))
            {
                return answer;
            }
            await RowsAsync(server, "SET LOCAL search_path = public");
            foreach (string table in RoutedShop.Tables)
            {
                List<string> rows = await RowsAsync(server, $"SELECT t::text FROM {table} t");
                bool isWhole = table is "products" or "customers";
                foreach (NpgsqlConnection other in isWhole ? [] : others)
                {
                    rows.AddRange(await RowsAsync(other, $"SELECT t::text FROM {table} t"));
                }
                answer += $"\n{table}: {string.Join(' ', rows.Order(StringComparer.Ordinal))}";
            }
            return answer;
        }
        catch (PostgresException refused)
        {
            return refused.SqlState;
        }
    }

    private static string From(string answer, int position) =>
        answer.Substring(Math.Max(0, position - 40), Math.Min(200, answer.Length - Math.Max(0, position - 40)));

    private static bool IsWrite(string sql) =>
        ((string[])["INSERT", "UPDATE", "DELETE", "MERGE"]).Any(word => sql.Contains(word, StringComparison.Ordinal));

    private static async Task<List<string>> RowsAsync(NpgsqlConnection server, string sql, bool withCount = false)
    {
        await using NpgsqlCommand command = new(sql, server);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<string> rows = [];
        while (await reader.ReadAsync(Token))
        {
            object[] values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(string.Join(',', values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture))));
        }
        await reader.CloseAsync();
        rows.Sort(StringComparer.Ordinal);
        return withCount ? [.. rows, $"{reader.RecordsAffected} rows"] : rows;
    }
}
