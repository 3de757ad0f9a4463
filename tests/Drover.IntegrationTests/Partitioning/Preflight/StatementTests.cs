// TRAPS 27: statements that would lose their arbiter or mean something else are told from their texts.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Preflight;

namespace Drover.IntegrationTests.Partitioning.Preflight;

public sealed class StatementTests(PostgresFixture postgres)
{
    private const string Keys =
        "ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD PRIMARY KEY (id), ADD CONSTRAINT both UNIQUE (id, "
        + "created_at);";

    [Theory]
    [InlineData("INSERT INTO orders (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET note = $2", "conflict-target")]
    [InlineData(
        "insert into \"public\".\"orders\" as o values ($1)\n on conflict ( \"id\" ) do nothing",
        "conflict-target"
    )]
    [InlineData(
        "WITH x AS (INSERT INTO public.orders VALUES ($1) ON CONFLICT (ID) DO NOTHING) SELECT 1",
        "conflict-target"
    )]
    [InlineData("INSERT INTO orders VALUES ($1) ON CONFLICT (id, created_at) DO NOTHING", null)]
    [InlineData("INSERT INTO orders VALUES ($1) ON CONFLICT DO NOTHING", null)]
    [InlineData("INSERT INTO other_orders VALUES ($1) ON CONFLICT (id) DO NOTHING", null)]
    [InlineData("INSERT INTO orders_2 SELECT * FROM orders ON CONFLICT (id) DO NOTHING", null)]
    [InlineData("INSERT INTO archive.orders VALUES ($1) ON CONFLICT (id) DO NOTHING", null)]
    [InlineData(
        "INSERT INTO orders VALUES ($1) ON CONFLICT ON CONSTRAINT orders_pkey DO NOTHING",
        "conflict-constraint"
    )]
    [InlineData("INSERT INTO orders VALUES ($1) ON CONFLICT ON CONSTRAINT both DO NOTHING", null)]
    [InlineData("SELECT * FROM ONLY orders WHERE id = $1", "only")]
    [InlineData("UPDATE ONLY public.orders SET note = $1", "only")]
    [InlineData("DELETE FROM orders WHERE ctid = ANY ($1)", "ctid")]
    [InlineData("SELECT tableoid, * FROM orders", "tableoid")]
    [InlineData("SELECT * FROM orders WHERE note = 'ONLY orders ctid'", null)]
    [InlineData("SELECT ctid FROM others", null)]
    public async Task Text_is_understood(string text, string? code)
    {
        await using TableStage stage = await PreflightStage.StartAsync(postgres, 18, Keys);
        TableDescription table = await stage.DescribeAsync();

        string[] codes =
        [
            .. StatementFindings.Of(text, table, PreflightStage.Request()).Select(finding => finding.Code),
        ];

        Assert.Equal(code is null ? [] : [code], codes);
    }
}
