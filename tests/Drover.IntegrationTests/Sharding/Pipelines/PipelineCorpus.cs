// Batches of messages as drivers send them, and as they might: one server's answer is the right one.
namespace Drover.IntegrationTests.Sharding.Pipelines;

internal static class PipelineCorpus
{
    /// <summary>Scripts of <see cref="PipelineStage"/>; each leaves no transaction open.</summary>
    public static string[] All { get; } =
    [
        // Single shards, writes and reads.
        """
            x UPDATE t SET n = n + 1 WHERE id = 1
            x UPDATE t SET n = n + 1 WHERE id = 2
            x SELECT n FROM t WHERE id = 3
            x UPDATE t SET n = n + 1 WHERE id = 4 RETURNING n
            x DELETE FROM t WHERE id = 5
            x INSERT INTO t VALUES (5, 55, 'new')
            s
            """,
        // Only reads.
        """
            x SELECT n FROM t WHERE id = 1
            x SELECT n FROM t WHERE id = 2
            x SELECT n FROM t WHERE id = 3
            s
            """,
        // One statement, bound again and again; it is there afterwards too.
        """
            p : UPDATE t SET n = n + $2::int WHERE id = $1
            b : 1,10
            e
            b : 2,10
            e
            b : 3,10
            e
            s
            b : 4,10
            e
            b : 5,10
            e
            s
            """,
        // Under names, described, closed.
        """
            p up: UPDATE t SET n = $2 WHERE id = $1
            ds up
            p get: SELECT n, note FROM t WHERE id = $1
            ds get
            s
            b up: 1,7
            e
            b get: 2
            d
            e
            b up: 3,9
            e
            b get: 1
            e
            c up
            s
            b up: 1,8
            e
            s
            c get
            s
            """,
        // Prepared and run in the same batch.
        """
            p one: SELECT n FROM t WHERE id = $1
            b one: 1
            e
            p two: UPDATE t SET note = $2 WHERE id = $1
            b two: 2,xx
            e
            b one: 2
            e
            b one: 3
            e
            s
            c one
            c two
            s
            """,
        // An error in the middle: what follows is passed over, and nothing is kept.
        """
            x UPDATE t SET n = 101 WHERE id = 1
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 5000 WHERE id = 3
            x UPDATE t SET n = 104 WHERE id = 4
            s
            x SELECT n FROM t WHERE id = 1
            s
            """,
        // Errors: at the first, at the last, in Parse, in Bind, and a Sync behind.
        """
            x SELECT 1 / (n - n) FROM t WHERE id = 1
            x UPDATE t SET n = 102 WHERE id = 2
            s
            s
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 103 WHERE id = 3
            x UPDATE t SET n = n / 0 WHERE id = 4
            s
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 103 WHERE id = 3
            x SELECT missing FROM t WHERE id = 1
            s
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 103 WHERE id = 3
            p : SELECT n FROM t WHERE id = 4 AND n = $1::int
            b : word
            e
            x UPDATE t SET n = 103 WHERE id = 5
            s
            """,
        // A name that is not there, and one that is there already.
        """
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 103 WHERE id = 3
            b nobody: 1
            e
            s
            p twice: SELECT 1
            s
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 103 WHERE id = 3
            p twice: SELECT 2
            x UPDATE t SET n = 103 WHERE id = 4
            s
            b twice:
            e
            s
            c twice
            s
            """,
        // What fails was prepared in the batch: it is not there afterwards, or is.
        """
            x UPDATE t SET n = 102 WHERE id = 2
            x UPDATE t SET n = 103 WHERE id = 3
            p kept: SELECT 7
            x SELECT 1 / 0 FROM t WHERE id = 4
            p lost: SELECT 8
            s
            b kept:
            e
            s
            b lost:
            e
            s
            c kept
            s
            """,
        // An error at the end of the transaction.
        """
            x INSERT INTO late VALUES (1, 1)
            x INSERT INTO late VALUES (2, 1)
            x INSERT INTO late VALUES (1, 1)
            s
            x INSERT INTO late VALUES (1, 1)
            x INSERT INTO late VALUES (2, 1)
            s
            """,
        // Several Syncs behind each other.
        """
            x UPDATE t SET n = 11 WHERE id = 1
            x UPDATE t SET n = 12 WHERE id = 2
            s
            x UPDATE t SET n = 13 WHERE id = 3
            s
            x UPDATE t SET n = 14 WHERE id = 4
            x UPDATE t SET n = n / 0 WHERE id = 5
            s
            x UPDATE t SET n = 16 WHERE id = 6
            x UPDATE t SET n = 17 WHERE id = 7
            s
            q SELECT n FROM t WHERE id = 7
            """,
        // A Flush in the middle.
        """
            x UPDATE t SET n = 21 WHERE id = 1
            f
            x UPDATE t SET n = 22 WHERE id = 2
            f
            x UPDATE t SET n = 23 WHERE id = 3
            x UPDATE t SET n = 24 WHERE id = 4
            f
            s
            """,
        """
            x UPDATE t SET n = 31 WHERE id = 1
            f
            x UPDATE t SET n = 32 WHERE id = 2
            x UPDATE t SET n = n / 0 WHERE id = 3
            f
            x UPDATE t SET n = 34 WHERE id = 4
            s
            """,
        """
            x UPDATE t SET n = n / 0 WHERE id = 1
            f
            x UPDATE t SET n = 32 WHERE id = 2
            x UPDATE t SET n = 33 WHERE id = 3
            s
            """,
        // BEGIN at the start of it, or before it.
        """
            x BEGIN
            x UPDATE t SET n = 41 WHERE id = 1
            x UPDATE t SET n = 42 WHERE id = 2
            s
            x UPDATE t SET n = 43 WHERE id = 3
            x UPDATE t SET n = 44 WHERE id = 4
            x SELECT n FROM t WHERE id = 1
            s
            x COMMIT
            s
            """,
        """
            q BEGIN
            x UPDATE t SET n = 51 WHERE id = 1
            x UPDATE t SET n = 52 WHERE id = 2
            s
            x UPDATE t SET n = 53 WHERE id = 3
            x UPDATE t SET n = n / 0 WHERE id = 4
            x UPDATE t SET n = 55 WHERE id = 5
            s
            x SELECT 1
            s
            q ROLLBACK
            """,
        """
            x BEGIN
            x UPDATE t SET n = 61 WHERE id = 1
            x UPDATE t SET n = 62 WHERE id = 2
            x COMMIT
            s
            x BEGIN
            x UPDATE t SET n = 63 WHERE id = 3
            x UPDATE t SET n = 64 WHERE id = 4
            x ROLLBACK
            s
            x BEGIN
            x SELECT n FROM t WHERE id = 1
            x UPDATE t SET n = 65 WHERE id = 2
            x COMMIT
            s
            """,
        """
            x BEGIN
            x INSERT INTO late VALUES (11, 1)
            x INSERT INTO late VALUES (12, 1)
            x INSERT INTO late VALUES (11, 1)
            x COMMIT
            s
            x SELECT 1
            s
            """,
        """
            q BEGIN
            x UPDATE t SET n = 71 WHERE id = 1
            x SAVEPOINT here
            x UPDATE t SET n = 72 WHERE id = 2
            x UPDATE t SET n = 73 WHERE id = 3
            x ROLLBACK TO here
            x UPDATE t SET n = 74 WHERE id = 4
            x RELEASE here
            s
            q COMMIT
            """,
        // Writes of several shards, of a reference table, and divided ones.
        """
            x UPDATE t SET n = 81 WHERE id = 1
            x UPDATE t SET note = 'all'
            x INSERT INTO kinds VALUES (3, 'c')
            x INSERT INTO t VALUES (101, 1, 'm'), (102, 2, 'm'), (103, 3, 'm') RETURNING id
            x DELETE FROM t WHERE id > 101
            s
            x UPDATE t SET note = 'none'
            x UPDATE t SET n = n / 0 WHERE id > 3
            x INSERT INTO kinds VALUES (4, 'd')
            s
            """,
        """
            p : UPDATE t SET note = $1 WHERE id < $2
            b : early,10
            e
            b : first,5
            e
            s
            p some: UPDATE t SET note = $1 WHERE id < $2
            b some: abc,3
            e
            b some: abd,4
            e
            s
            c some
            s
            """,
        // Merged reads and the coordinator's, in a batch.
        """
            x SELECT id, n FROM t ORDER BY id LIMIT 3
            x SELECT n FROM t WHERE id = 2
            x SELECT count(*), sum(n) FROM t
            s
            x UPDATE t SET n = 91 WHERE id = 1
            x SELECT id, n FROM t ORDER BY n DESC LIMIT 2
            x SELECT sum(n) FROM t
            s
            """,
        """
            x SELECT sum(DISTINCT n) FROM t
            x SELECT n FROM t WHERE id = 1
            x UPDATE t SET n = 92 WHERE id = 3
            s
            """,
        // Many columns and a value of some size between small ones.
        """
            x SELECT repeat('x', 100000) FROM t WHERE id = 1
            x SELECT repeat('y', 100000) FROM t WHERE id = 2
            x SELECT n FROM t WHERE id = 3
            s
            """,
        // Portals with names, and rows one by one.
        """
            p sel: SELECT n FROM t WHERE id = $1 OR id = $1
            b one/sel: 1
            e one
            b two/sel: 2
            e two 1
            cp two
            s
            c sel
            s
            """,
        // Nothing to do in between.
        """
            x UPDATE t SET n = 95 WHERE id = 1
            p : 
            b :
            e
            x UPDATE t SET n = 96 WHERE id = 2
            s
            """,
    ];

    /// <summary>Simple queries of several statements, which are one transaction too.</summary>
    public static string[] Scripts { get; } =
    [
        "q UPDATE t SET n = 1 WHERE id = 1; UPDATE t SET n = 2 WHERE id = 2; SELECT n FROM t WHERE id = 3",
        "q UPDATE t SET n = 11 WHERE id = 1; UPDATE t SET n = n / 0 WHERE id = 2; UPDATE t SET n = 13 WHERE id = 3",
        "q UPDATE t SET n = n / 0 WHERE id = 1; UPDATE t SET n = 12 WHERE id = 2",
        """
            q UPDATE t SET n = 21 WHERE id = 1; UPDATE t SET n = 22 WHERE id = 2; UPDATE t SET n = 5000 WHERE id = 3
            q SELECT n FROM t WHERE id = 1
            """,
        "q INSERT INTO t VALUES (201, 1, ';'), (202, 2, 'a;b'); ; SELECT count(*) FROM t; /* ; */ SELECT 7;",
        "q UPDATE t SET note = 'all'; UPDATE t SET note = 'one' WHERE id = 2; DELETE FROM t WHERE id > 200; -- end",
        "q SELECT id FROM t ORDER BY id LIMIT 2; SELECT sum(n) FROM t; SELECT sum(DISTINCT n) FROM t",
        "q INSERT INTO kinds VALUES (21, 'x'); UPDATE t SET n = 3 WHERE id = 4; DELETE FROM kinds WHERE id > 9",
        "q BEGIN; UPDATE t SET n = 41 WHERE id = 1; UPDATE t SET n = 42 WHERE id = 2; COMMIT",
        "q BEGIN; UPDATE t SET n = 43 WHERE id = 1; UPDATE t SET n = 44 WHERE id = 2; ROLLBACK",
        "q BEGIN; SELECT n FROM t WHERE id = 1; UPDATE t SET n = 45 WHERE id = 2; SELECT n FROM t WHERE id = 3; COMMIT",
        """
            q BEGIN; UPDATE t SET n = 51 WHERE id = 1; UPDATE t SET n = n / 0 WHERE id = 2; COMMIT
            q SELECT 1
            q ROLLBACK
            """,
        """
            q BEGIN; UPDATE t SET n = 52 WHERE id = 1; UPDATE t SET n = 53 WHERE id = 2
            q UPDATE t SET n = 54 WHERE id = 3
            q COMMIT
            """,
        """
            q BEGIN
            q UPDATE t SET n = 61 WHERE id = 1; UPDATE t SET n = 62 WHERE id = 2; SELECT n FROM t WHERE id = 1
            q ROLLBACK
            """,
        """
            q BEGIN
            q UPDATE t SET n = 63 WHERE id = 1; UPDATE t SET n = n / 0 WHERE id = 2; SELECT n FROM t WHERE id = 1
            q UPDATE t SET n = 64 WHERE id = 3
            q COMMIT
            """,
        """
            q BEGIN
            q UPDATE t SET n = 65 WHERE id = 1; SAVEPOINT s; UPDATE t SET n = 66 WHERE id = 2; ROLLBACK TO s; SELECT 1
            q COMMIT
            """,
        "q INSERT INTO late VALUES (21, 1); INSERT INTO late VALUES (22, 1); INSERT INTO late VALUES (21, 1)",
        """
            q BEGIN; INSERT INTO late VALUES (4, 1); INSERT INTO late VALUES (3, 1), (3, 1); COMMIT
            q SELECT 1
            """,
        """
            q UPDATE t SET n = 71 WHERE id = 1; UPDATE t SET n = 72 WHERE id = 2
            q UPDATE t SET n = 73 WHERE id = 3; UPDATE t SET n = 74 WHERE id = 4
            x UPDATE t SET n = 75 WHERE id = 5
            x UPDATE t SET n = 76 WHERE id = 6
            s
            q SELECT n FROM t WHERE id = 5
            """,
    ];

    /// <summary>Scripts that are refused with 0A000, with what one server would do to the rows: nothing.</summary>
    public static (string Script, string Answer)[] Refused { get; } =
    [
        (
            """
            x UPDATE t SET n = 1 WHERE id = 1
            x SET LOCAL work_mem = '1MB'
            x UPDATE t SET n = 1 WHERE id = 2
            s
            """,
            "1 2 n C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            """
            x UPDATE t SET n = 1 WHERE id = 1
            x UPDATE t SET n = 1 WHERE id = 2
            x BEGIN
            x UPDATE t SET n = 1 WHERE id = 3
            s
            """,
            "1 2 n C(UPDATE 1) 1 2 n C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            """
            x UPDATE t SET n = 1 WHERE id = 1
            x UPDATE t SET n = 1 WHERE id = 2
            x COPY kinds TO STDOUT
            s
            """,
            "1 2 n C(UPDATE 1) 1 2 n C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            """
            x UPDATE t SET n = 1 WHERE id = 1
            x UPDATE t SET n = 1 WHERE id = 2
            x SELECT sum(DISTINCT n) FROM t
            s
            """,
            "1 2 n C(UPDATE 1) 1 2 n C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            """
            x UPDATE t SET n = 1 WHERE id = 1
            x UPDATE t SET id = 2 WHERE id = 3
            s
            """,
            "1 2 n C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            "q UPDATE t SET n = 1 WHERE id = 1; SET LOCAL work_mem = '1MB'; UPDATE t SET n = 1 WHERE id = 2",
            "C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            "q UPDATE t SET n = 1 WHERE id = 1; UPDATE t SET n = 1 WHERE id = 2; COMMIT; SELECT 1",
            "C(UPDATE 1) C(UPDATE 1) E(0A000) Z(I)"
        ),
        (
            """
            q BEGIN; UPDATE t SET n = 1 WHERE id = 1; UPDATE t SET n = 1 WHERE id = 2; COMMIT; SELECT 1
            q ROLLBACK
            """,
            "C(BEGIN) C(UPDATE 1) C(UPDATE 1) E(0A000) Z(E) C(ROLLBACK) Z(I)"
        ),
        ("q UPDATE t SET n = 1 WHERE id = 1; COPY t TO STDOUT", "C(UPDATE 1) E(0A000) Z(I)"),
    ];
}
