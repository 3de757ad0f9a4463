// Writes a detached partition into a file, reads it back, and only then drops the table.
using System.Globalization;
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Maintenance.Archives;

/// <summary>
/// One transaction: 1. the table is locked against writes; 2. COPY into a file without a name of its own; 3. the file
/// is read back from the disk and compared with what was sent and with count(*); 4. the file and then the manifest get
/// their names; 5. DROP TABLE, commit. A crash before 5 leaves the table, after it the archive; never neither.
/// </summary>
/// <param name="session">The connection.</param>
/// <param name="folder">Where the files go.</param>
internal sealed class ArchiveWriter(MaintenanceSession session, string folder)
{
    private const string ColumnsSql = """
        SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
        WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
        """;

    /// <summary>Archives a table that is no partition any more.</summary>
    /// <exception cref="OperationException">The file does not hold what the table does; the table is kept.</exception>
    public async Task<ArchiveManifest> WriteAndDropAsync(
        PartitionTree tree,
        Retirement retirement,
        CancellationToken cancellationToken
    )
    {
        await CheckEncodingAsync(cancellationToken);
        Directory.CreateDirectory(folder);
        await using NpgsqlTransaction transaction = await session.Connection.BeginTransactionAsync(cancellationToken);

        // 1.
        string table = retirement.Partition.ToString();
        await session.ExecuteAsync(
            $"SET LOCAL lock_timeout = '5s'; LOCK TABLE ONLY {table} IN SHARE MODE",
            cancellationToken
        );

        // 2.
        List<ArchivedColumn> columns = await session.RowsAsync(
            ColumnsSql,
            static row => new ArchivedColumn(row.GetString(0), row.GetString(1), row.GetBoolean(2)),
            cancellationToken,
            (long)retirement.Oid
        );
        string names = SqlText.Names(columns.Select(column => column.Name));
        string data =
            $"{retirement.Partition.Schema}.{retirement.Partition.Name}.{retirement.Oid}{ArchiveFile.DataSuffix}";
        string path = Path.Combine(folder, data.Replace('/', '_'));
        string temporary = path + ".tmp";
        ArchiveContent written = await CopyAsync(temporary, table, names, cancellationToken);

        // 3.
        long rows = await session.ScalarAsync<long>($"SELECT count(*) FROM ONLY {table}", cancellationToken);
        await CheckAsync(temporary, written, rows, cancellationToken);

        // 4.
        ArchiveManifest manifest = Describe(tree, retirement, columns, written) with
        {
            DataFile = Path.GetFileName(path),
            FileBytes = new FileInfo(temporary).Length,
        };
        File.Move(temporary, path, overwrite: true);
        string manifestPath = Path.Combine(folder, manifest.ManifestFile);
        File.Delete(manifestPath);
        await ArchiveFile.SaveAsync(manifestPath, ArchiveJson.Write(manifest), cancellationToken);

        // 5.
        await session.ExecuteAsync($"DROP TABLE {table}", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return manifest;
    }

    private ArchiveManifest Describe(
        PartitionTree tree,
        Retirement retirement,
        IReadOnlyList<ArchivedColumn> columns,
        ArchiveContent content
    ) =>
        new()
        {
            Format = ArchiveManifest.CurrentFormat,
            TableSchema = tree.Table.Schema,
            TableName = tree.Table.Name,
            PartitionSchema = retirement.Partition.Schema,
            PartitionName = retirement.Partition.Name,
            Bounds = retirement.Bounds,
            Columns = columns,
            Ddl = Ddl(retirement.Partition.ToString(), columns),
            Rows = content.Rows,
            DataFile = "",
            FileBytes = 0,
            Sha256 = content.Sha256,
            ServerVersion = session.Connection.ServerVersion,
            ArchivedAt = tree.ServerNow,
        };

    // In a database of encoding SQL_ASCII anything may be in a text; as UTF-8 some of it would be lost.
    private async Task CheckEncodingAsync(CancellationToken cancellationToken)
    {
        if (await session.ScalarAsync<string>("SHOW server_encoding", cancellationToken) == "SQL_ASCII")
        {
            throw new OperationException("the database's encoding is SQL_ASCII: its texts cannot be archived as UTF-8");
        }
    }

    private async Task<ArchiveContent> CopyAsync(
        string temporary,
        string table,
        string names,
        CancellationToken cancellationToken
    )
    {
        using TextReader copy = await session.Connection.BeginTextExportAsync(
            $"COPY (SELECT {names} FROM ONLY {table}) TO STDOUT ({ArchiveFile.CopyOptions})",
            cancellationToken
        );
        return await ArchiveFile.WriteAsync(temporary, copy, cancellationToken);
    }

    private static async Task CheckAsync(
        string file,
        ArchiveContent written,
        long rows,
        CancellationToken cancellationToken
    )
    {
        ArchiveContent read;
        try
        {
            read = await ArchiveFile.ReadAsync(file, cancellationToken);
        }
        catch (InvalidDataException damaged)
        {
            throw new OperationException($"{file} cannot be read back ({damaged.Message}); the table is kept", damaged);
        }
        if (read != written || read.Rows != rows)
        {
            string figures = string.Create(
                CultureInfo.InvariantCulture,
                $"{rows} rows in the table, {written.Rows} written, {read.Rows} read back"
            );
            throw new OperationException($"{file} is not what the table holds: {figures}; the table is kept");
        }
    }

    private static string Ddl(string table, IEnumerable<ArchivedColumn> columns)
    {
        IEnumerable<string> lines = columns.Select(column =>
            $"    {SqlText.Name(column.Name)} {column.Type}{(column.IsNotNull ? " NOT NULL" : "")}"
        );
        return $"CREATE TABLE {table} (\n{string.Join(",\n", lines)}\n)";
    }
}
