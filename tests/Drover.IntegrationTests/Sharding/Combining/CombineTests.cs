// Reads whose rows are made of several shards' rows by the proxy: what one server gives, to the last digit.
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Sharding.Combining;

public sealed class CombineTests(PostgresFixture postgres)
{
    private const StringComparison Ordinal = StringComparison.Ordinal;

    /// <summary>Without a coordinator nobody else could answer.</summary>
    [Theory]
    [InlineData(18, 1)]
    [InlineData(18, 2)]
    [InlineData(18, 4)]
    [InlineData(18, 8)]
    [InlineData(15, 3)]
    public async Task Aggregates_and_groups_of_several_shards_are_what_one_server_gives(int major, int shards)
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, major, shards, hasCoordinator: false);
        List<string> different = [];
        foreach (string sql in CombineCorpus.Statements)
        {
            foreach (Form form in Enum.GetValues<Form>())
            {
                different.AddRange(await stage.CompareAsync(sql, form));
            }
        }
        foreach ((string sql, string[] values) in CombineCorpus.WithValues)
        {
            foreach (Form form in (Form[])[Form.Text, Form.Binary])
            {
                different.AddRange(await stage.CompareAsync(sql, form, values));
            }
        }
        Assert.True(different.Count == 0, $"{different.Count} differ:\n" + string.Join('\n', different));
    }

    [Theory]
    [InlineData("SELECT a, avg(id), t, avg(a) FROM plain GROUP BY a, t ORDER BY a DESC, t", new short[] { 1, 0, 0, 1 })]
    [InlineData("SELECT avg(n), sum(n), min(tz) FROM things", new short[] { 1, 0, 1 })]
    [InlineData("SELECT avg(n), count(*) FROM things GROUP BY ts, e", new short[] { 0, 1 })]
    public async Task Columns_that_only_the_proxy_sees_have_a_form_where_each_has_its_own(string sql, short[] formats)
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        Assert.Empty(await stage.CompareAsync(sql, formats, []));
    }

    [Fact]
    public async Task Columns_that_only_the_proxy_sees_are_not_described_to_the_client()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        await using NpgsqlConnection client = await stage.Proxy.OpenAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = new(
            "SELECT avg(id) AS m, count(*), a AS k FROM plain GROUP BY a, t",
            client
        );
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            ["m numeric", "count bigint", "k integer"],
            Enumerable.Range(0, rows.FieldCount).Select(i => $"{rows.GetName(i)} {rows.GetDataTypeName(i)}")
        );
        Assert.True(await rows.ReadAsync(TestContext.Current.CancellationToken));
        Assert.True(rows.GetDecimal(0) > 0 && rows.GetInt64(1) > 0 && rows.GetInt32(2) >= 0);
    }

    /// <summary>Shards group by what is counted; the statement does not.</summary>
    [Fact]
    public async Task What_is_counted_once_is_no_key_of_the_groups()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        foreach (string having in (string[])["a = 3", "plain.a > 1 AND count(*) > 0"])
        {
            string sql = $"SELECT t, count(DISTINCT a) FROM plain GROUP BY t HAVING {having}";
            Assert.StartsWith("E(0A000)", await stage.AskAsync(sql, Form.Simple), Ordinal);
        }
        Assert.Empty(
            await stage.CompareAsync(
                "SELECT t, count(DISTINCT a) FROM plain GROUP BY t HAVING t > 'p3' AND count(DISTINCT a) > 2",
                Form.Simple
            )
        );
    }

    [Fact]
    public async Task Function_of_the_users_own_is_not_taken_for_that_of_PostgreSQL()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        Assert.StartsWith("T ", await stage.AskAsync("SELECT count(a) FROM plain", Form.Simple), Ordinal);
        await stage.AskAsync("SET search_path = public, app", Form.Simple);
        Assert.StartsWith("E(0A000)", await stage.AskAsync("SELECT count(a) FROM plain", Form.Simple), Ordinal);
        Assert.StartsWith("T ", await stage.AskAsync("SELECT pg_catalog.count(*) FROM plain", Form.Simple), Ordinal);
        await stage.AskAsync("SET search_path = public, pg_catalog", Form.Simple);
        Assert.StartsWith("E(0A000)", await stage.AskAsync("SELECT max(a) FROM plain", Form.Simple), Ordinal);
    }

    [Fact]
    public async Task Transaction_sees_its_own_writes_in_what_is_added_up()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        string[] statements =
        [
            "BEGIN",
            "SELECT count(*), sum(a) FROM plain",
            "UPDATE plain SET a = a + 100 WHERE id % 2 = 0",
            "SELECT avg(a), max(a) FROM plain",
            "SELECT a, count(*) FROM plain GROUP BY a ORDER BY a",
            "SAVEPOINT s",
            "DELETE FROM plain WHERE id = 3",
            "SELECT count(*), sum(a) FROM plain",
            "ROLLBACK TO s",
            "SELECT count(*), sum(a) FROM plain",
            "SELECT sum(1 / (a - 3)) FROM plain",
            "SELECT count(*) FROM plain",
            "ROLLBACK",
            "SELECT count(*), sum(a) FROM plain",
        ];
        foreach (string sql in statements)
        {
            Assert.Empty(await stage.CompareAsync(sql, Form.Simple));
        }
    }

    [Fact]
    public async Task What_is_not_exact_is_refused_where_nobody_can_answer_it()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        List<string> answered = [];
        foreach (string sql in CombineCorpus.Others.Concat(CombineCorpus.Refused))
        {
            string answer = await stage.AskAsync(sql, Form.Simple);
            if (!answer.StartsWith("E(0A000)", Ordinal))
            {
                answered.Add($"{sql}\n    {answer}");
            }
        }
        Assert.True(answered.Count == 0, $"{answered.Count} were answered:\n" + string.Join('\n', answered));
    }

    [Fact]
    public async Task Coordinator_answers_what_is_not_exact()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: true);
        List<string> different = [];
        foreach (string sql in CombineCorpus.Others)
        {
            different.AddRange(await stage.CompareAsync(sql, Form.Simple));
        }
        Assert.True(different.Count == 0, $"{different.Count} differ:\n" + string.Join('\n', different));
    }
}
