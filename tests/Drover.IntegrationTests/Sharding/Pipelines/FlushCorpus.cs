// Flush and Sync where nothing goes on, or nothing any more: one server's answer is the right one.
namespace Drover.IntegrationTests.Sharding.Pipelines;

internal static class FlushCorpus
{
    /// <summary>Scripts of <see cref="PipelineStage"/>; each leaves no transaction open.</summary>
    public static string[] All { get; } =
    [
        // A Flush by itself.
        "f\nx UPDATE t SET n = 1 WHERE id = 1\ns",
        "f\nx UPDATE t SET n = 2 WHERE id = 2\ns",
        "f\nx UPDATE t SET n = 3 WHERE id = 3\ns",
        "s\nf\nq UPDATE t SET n = 4 WHERE id = 1\nf\nq UPDATE t SET n = 5 WHERE id = 2",
        "s\nf\nf\nq UPDATE t SET n = 6 WHERE id = 3\nf\ns",
        """
            x UPDATE t SET n = 7 WHERE id = 1
            s
            f
            x UPDATE t SET n = 8 WHERE id = 2
            s
            f
            x UPDATE t SET n = 9 WHERE id = 3
            x UPDATE t SET n = 10 WHERE id = 1
            s
            """,
        // A transaction that has ended in front of a Flush, and what comes then.
        """
            x BEGIN
            x UPDATE t SET n = 11 WHERE id = 1
            x COMMIT
            f
            x UPDATE t SET n = 12 WHERE id = 2
            x UPDATE t SET n = 13 WHERE id = 3
            s
            q SELECT n FROM t WHERE id = 1
            """,
        """
            q BEGIN
            x UPDATE t SET n = 21 WHERE id = 1
            x COMMIT
            f
            x UPDATE t SET n = 22 WHERE id = 2
            x UPDATE t SET n = 23 WHERE id = 3
            s
            q SELECT n FROM t WHERE id = 1
            """,
        """
            x BEGIN
            x UPDATE t SET n = 31 WHERE id = 1
            x ROLLBACK
            f
            f
            x UPDATE t SET n = 32 WHERE id = 2
            f
            x UPDATE t SET n = n / 0 WHERE id = 3
            x UPDATE t SET n = 34 WHERE id = 1
            s
            q SELECT n FROM t WHERE id = 1
            """,
        """
            q BEGIN
            x UPDATE t SET n = 41 WHERE id = 1
            x COMMIT
            f
            q UPDATE t SET note = 'all'
            x BEGIN
            x UPDATE t SET n = 42 WHERE id = 2
            x COMMIT
            f
            s
            x BEGIN
            x UPDATE t SET n = n / 0 WHERE id = 2
            x COMMIT
            f
            x UPDATE t SET n = 43 WHERE id = 3
            s
            q ROLLBACK
            q UPDATE t SET n = 44 WHERE id = 3
            """,
        // What asks for nothing is no error in a transaction that has failed.
        """
            p kept: SELECT 1
            s
            q BEGIN
            q UPDATE t SET n = 51 WHERE id = 1
            q UPDATE t SET n = 52 WHERE id = 2
            q UPDATE t SET n = 53 WHERE id = 3
            q SELECT 1 / 0
            s
            f
            s
            c kept
            s
            p : SELECT 1
            s
            q ROLLBACK
            """,
        // A statement over several shards in front of a Flush.
        """
            x UPDATE t SET note = 'a' WHERE id > 0
            f
            x UPDATE t SET n = 61 WHERE id = 1
            f
            s
            """,
        """
            q BEGIN
            x UPDATE t SET note = 'b'
            f
            s
            x SELECT id, n FROM t ORDER BY id LIMIT 3
            f
            s
            q ROLLBACK
            x SELECT id, n FROM t ORDER BY id LIMIT 3
            f
            x UPDATE t SET n = n / 0
            f
            s
            """,
    ];
}
