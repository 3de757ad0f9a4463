// Cursors and portals whose rows are taken a few at a time, while the transaction goes on to other shards.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sharding.Pipelines;

namespace Drover.IntegrationTests.Sharding.Cursors;

public sealed class CursorTests(PostgresFixture postgres)
{
    /// <summary>Scripts of <see cref="PipelineStage"/>.</summary>
    private static readonly string[] s_scripts =
    [
        // Of several shards and of one, with writes in between; each is where it was made.
        """
            q BEGIN
            q DECLARE c NO SCROLL CURSOR FOR SELECT id, n FROM t ORDER BY id
            q FETCH 3 FROM c
            q UPDATE t SET n = 100 WHERE id = 19
            q FETCH FORWARD 2 FROM c
            q DECLARE d CURSOR FOR SELECT n FROM t WHERE id = 2
            q UPDATE t SET n = 200 WHERE id = 3
            q FETCH NEXT FROM d
            q MOVE 5 IN c
            q FETCH NEXT FROM c
            q DECLARE e CURSOR FOR SELECT id, n FROM t WHERE id = 3
            q FETCH ALL FROM e
            q FETCH ALL FROM d
            q FETCH ALL FROM c
            q CLOSE c
            q CLOSE d
            q COMMIT
            q FETCH ALL FROM e
            """,
        // Backwards.
        """
            q BEGIN
            q DECLARE c SCROLL CURSOR FOR SELECT id FROM t ORDER BY id
            q FETCH 4 FROM c
            q FETCH BACKWARD 2 FROM c
            q UPDATE t SET n = 4 WHERE id = 4
            q FETCH LAST FROM c
            q ROLLBACK
            """,
        // A savepoint takes its cursors back.
        """
            q BEGIN
            q UPDATE t SET n = 5 WHERE id = 4
            q SAVEPOINT s
            q DECLARE c CURSOR FOR SELECT n FROM t WHERE id = 4
            q UPDATE t SET n = 6 WHERE id = 5
            q ROLLBACK TO s
            q FETCH ALL FROM c
            q ROLLBACK
            """,
        // Portals with a limit, as setFetchSize makes them: of several shards, of one, and two at a time.
        """
            q BEGIN
            p : SELECT id, n FROM t ORDER BY id
            b one/:
            d one
            e one 3
            s
            q UPDATE t SET n = 300 WHERE id = 4
            e one 3
            s
            p : SELECT n FROM t WHERE id = 2 OR id = 2
            b two/:
            e two 1
            s
            q SELECT n FROM t WHERE id = 1
            e one 2
            s
            e two 1
            s
            e one 100
            cp one
            s
            q COMMIT
            """,
        """
            q BEGIN
            p : SELECT id FROM t WHERE id = 3
            b :
            e  1
            s
            q SELECT n FROM t WHERE id = 5
            q COMMIT
            """,
        // In batches: each Execute finds its portal.
        """
            q BEGIN
            p a: SELECT n FROM t WHERE id = $1
            b one/a: 1
            b two/a: 2
            b three/a: 3
            e three
            e one
            e two
            s
            c a
            s
            q COMMIT
            """,
    ];

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Rows_come_from_where_the_cursor_is(int major)
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, major);
        foreach (string script in s_scripts)
        {
            await stage.ExpectSameAsync(script);
        }
    }

    [Fact]
    public async Task What_is_on_one_server_alone_is_refused_elsewhere()
    {
        await using PipelineStage stage = await PipelineStage.StartAsync(postgres, 18, hasCoordinator: false);
        Assert.Equal(
            "C(BEGIN) Z(T) E(0A000) Z(E) C(ROLLBACK) Z(I)",
            await PipelineStage.RunAsync(stage.Client, "q BEGIN\nq DECLARE c CURSOR FOR SELECT id FROM t\nq ROLLBACK")
        );
        Assert.Equal(
            "C(BEGIN) Z(T) C(DECLARE CURSOR) Z(T) C(UPDATE 1) Z(T) C(UPDATE 1) Z(T) C(UPDATE 1) Z(T) E(0A000) Z(E) "
                + "C(ROLLBACK) Z(I)",
            await PipelineStage.RunAsync(
                stage.Client,
                """
                q BEGIN
                q DECLARE c CURSOR FOR SELECT n FROM t WHERE id = 1
                q UPDATE t SET n = 1 WHERE id = 1
                q UPDATE t SET n = 2 WHERE id = 2
                q UPDATE t SET n = 3 WHERE id = 3
                q CLOSE ALL
                q ROLLBACK
                """
            )
        );
    }
}
