// Reads whose rows come from several shards and are put together by the proxy: the same rows as from one server.
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Sharding;

public sealed class MergeTests(PostgresFixture postgres)
{
    /// <summary>Without a coordinator nobody else could answer.</summary>
    [Theory]
    [InlineData(18, 1)]
    [InlineData(18, 2)]
    [InlineData(18, 4)]
    [InlineData(18, 8)]
    [InlineData(15, 3)]
    public async Task Rows_that_shards_give_are_put_together_as_one_server_gives_them(int major, int shards)
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, major, shards, hasCoordinator: false);
        List<string> different = [];
        foreach (string sql in MergeCorpus.Statements)
        {
            foreach (Form form in Enum.GetValues<Form>())
            {
                different.AddRange(await stage.CompareAsync(sql, form));
            }
        }
        foreach (string sql in MergeCorpus.BinaryOnly)
        {
            different.AddRange(await stage.CompareAsync(sql, Form.Binary));
        }
        Assert.True(different.Count == 0, $"{different.Count} differ:\n" + string.Join('\n', different));
    }

    [Fact]
    public async Task What_cannot_be_put_together_is_refused_where_nobody_can_answer_it()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: false);
        List<string> answered = [];
        foreach (string sql in MergeCorpus.Others)
        {
            string answer = await stage.AskAsync(sql, Form.Simple);
            if (!answer.StartsWith("E(0A000)", StringComparison.Ordinal))
            {
                answered.Add($"{sql}\n    {answer}");
            }
        }
        foreach (string sql in MergeCorpus.BinaryOnly)
        {
            Assert.StartsWith("E(0A000)", await stage.AskAsync(sql, Form.Text), StringComparison.Ordinal);
        }
        Assert.True(answered.Count == 0, $"{answered.Count} were answered:\n" + string.Join('\n', answered));
    }

    [Fact]
    public async Task Coordinator_answers_what_cannot_be_put_together()
    {
        await using MergeStage stage = await MergeStage.StartAsync(postgres, 18, 3, hasCoordinator: true);
        List<string> different = [];
        foreach (string sql in MergeCorpus.Others.Concat(MergeCorpus.BinaryOnly))
        {
            different.AddRange(await stage.CompareAsync(sql, Form.Simple));
        }
        Assert.True(different.Count == 0, $"{different.Count} differ:\n" + string.Join('\n', different));
    }
}
