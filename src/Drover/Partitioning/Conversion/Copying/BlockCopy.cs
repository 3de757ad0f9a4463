// Copies the source's blocks into the target, range by range.
using System.Globalization;
using Npgsql;

namespace Drover.Partitioning.Conversion.Copying;

/// <summary>Where a copy stands; kept in the journal between batches.</summary>
/// <param name="FileNode">The source's file. Another one (VACUUM FULL, CLUSTER, TRUNCATE) means that all blocks are
/// new.</param>
/// <param name="Blocks">Blocks of that file when the copy of it began; all later rows come by the mirror.</param>
/// <param name="NextBlock">The first block that is not copied whole.</param>
/// <param name="NextItem">The first line pointer of it that is not copied; 0 or 1 at its beginning.</param>
/// <param name="RowsPerBlock">As the last batch found them; 0: not known yet.</param>
/// <param name="Patient">How many more batches expect rows that the mirror has put there before.</param>
internal sealed record CopyCursor(
    long FileNode,
    long Blocks,
    long NextBlock,
    int NextItem,
    double RowsPerBlock,
    int Patient
)
{
    /// <summary>Nothing is left.</summary>
    public bool IsDone => NextBlock >= Blocks;
}

/// <summary>What one batch of the copy did.</summary>
internal sealed record CopyBatch(CopyCursor Cursor, long Rows, long Bytes);

/// <summary>
/// One batch, in the caller's READ COMMITTED transaction. Only one runner copies, and never beside a sweep.
/// </summary>
/// <param name="layout">The tables.</param>
internal sealed class BlockCopy(ConversionLayout layout)
{
    // Of a table of which nothing is known yet; small rows, so that the first batch is not too large.
    private const int RowsPerBlockGuess = 100;

    // The least that a row and its line pointer take: so many may be in a block.
    private const int ItemBytesMin = 28;

    private readonly CopyInsert _insert = new(layout);

    /// <summary>Copies the next blocks, about as much as the budget says.</summary>
    public async Task<CopyBatch> RunAsync(
        NpgsqlConnection connection,
        CopyCursor? cursor,
        long bytesMax,
        long rowsMax,
        CancellationToken cancellationToken
    )
    {
        await CopyInsert.ExecuteAsync(connection, _insert.Begin, cancellationToken);
        (long fileNode, long blocks, int blockSize) = await LookAsync(connection, cancellationToken);
        if (cursor is null || cursor.FileNode != fileNode)
        {
            cursor = new CopyCursor(fileNode, blocks, 0, 0, 0, cursor is null ? 0 : int.MaxValue);
        }
        if (cursor.IsDone)
        {
            return new CopyBatch(cursor, 0, 0);
        }
        CopyCursor end = End(cursor, bytesMax, rowsMax, blockSize);
        string range = string.Create(
            CultureInfo.InvariantCulture,
            $"s.ctid >= '({cursor.NextBlock},{cursor.NextItem})' AND s.ctid < '({end.NextBlock},{end.NextItem})'"
        );
        (long rows, int patient) = await _insert.RunAsync(connection, range, cursor.Patient, cancellationToken);
        long whole = end.NextBlock - cursor.NextBlock;
        return new CopyBatch(
            end with
            {
                RowsPerBlock = whole > 0 && rows > 0 ? (double)rows / whole : cursor.RowsPerBlock,
                Patient = patient,
            },
            rows,
            Math.Max(whole, 1) * blockSize
        );
    }

    // Whole blocks while the budget has room for one; else a part of one, so that a test can stop within a block.
    private static CopyCursor End(CopyCursor cursor, long bytesMax, long rowsMax, int blockSize)
    {
        double rowsPerBlock = cursor.RowsPerBlock == 0 ? RowsPerBlockGuess : Math.Max(cursor.RowsPerBlock, 1);
        long blocks = (long)Math.Min(bytesMax / (double)blockSize, rowsMax / rowsPerBlock);
        int itemsMax = blockSize / ItemBytesMin;
        if (rowsMax < itemsMax && blocks < 1)
        {
            long item = Math.Max(cursor.NextItem, 1) + Math.Max(rowsMax, 1);
            return item <= itemsMax
                ? cursor with
                {
                    NextItem = (int)item,
                }
                : cursor with
                {
                    NextBlock = cursor.NextBlock + 1,
                    NextItem = 0,
                };
        }
        return cursor with
        {
            NextBlock = Math.Min(cursor.NextBlock + Math.Max(blocks, 1), cursor.Blocks),
            NextItem = 0,
        };
    }

    private async Task<(long FileNode, long Blocks, int BlockSize)> LookAsync(
        NpgsqlConnection connection,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(
            """
            SELECT pg_relation_filenode(c)::bigint, pg_relation_size(c) / b, b
            FROM (SELECT to_regclass($1) AS c, current_setting('block_size')::int AS b) AS x
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = layout.Table.ToString(), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
            },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2));
    }
}
