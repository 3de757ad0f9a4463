// Brings an archived partition back and attaches it again.
using System.IO.Compression;
using System.Text.Json;
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Maintenance.Archives;

/// <summary>
/// Steps: 1. the file is read to its end and compared with its manifest; 2. a table like the partitioned table is made
/// and filled, seen by nobody yet; 3. its rows are counted; 4. it is attached and noted as restored, so that retention
/// leaves it alone.
/// </summary>
/// <param name="session">The connection.</param>
/// <param name="locks">Transactions with short time-outs.</param>
internal sealed class ArchiveRestore(MaintenanceSession session, ShortLock locks)
{
    /// <summary>Reads a manifest.</summary>
    /// <exception cref="OperationException">It is none that this version understands.</exception>
    public static async Task<ArchiveManifest> ReadManifestAsync(string path, CancellationToken cancellationToken)
    {
        string manifestPath = path.EndsWith(ArchiveFile.DataSuffix, StringComparison.Ordinal)
            ? path[..^ArchiveFile.DataSuffix.Length] + ArchiveFile.ManifestSuffix
            : path;
        try
        {
            ArchiveManifest manifest = ArchiveJson.Read(await File.ReadAllBytesAsync(manifestPath, cancellationToken));
            return manifest.Format == ArchiveManifest.CurrentFormat
                ? manifest
                : throw new OperationException(
                    $"{manifestPath} has format {manifest.Format}, which this version does not know"
                );
        }
        catch (JsonException odd)
        {
            throw new OperationException($"{manifestPath} is not the manifest of an archive: {odd.Message}", odd);
        }
    }

    /// <summary>Restores and attaches; the partition's name.</summary>
    /// <exception cref="OperationException">The file is damaged, or the table has no place for it.</exception>
    public async Task<QualifiedName> AttachAsync(
        string path,
        ArchiveManifest manifest,
        CancellationToken cancellationToken
    )
    {
        // 1.
        string data = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(manifest.DataFile));
        await CheckAsync(data, manifest, cancellationToken);
        QualifiedName table = new(manifest.TableSchema, manifest.TableName);
        PartitionTree tree = await PartitionTreeReader.ReadAsync(session, table.ToString(), cancellationToken);
        PartitionRange range = FindPlace(tree, manifest);
        PartitionScheme scheme = PartitionScheme.Of(
            tree.Kind,
            tree.Kind.IsNumber() ? new PartitionInterval(IntervalUnit.Step) : new PartitionInterval(IntervalUnit.Day)
        );

        // 2. and 3.
        QualifiedName name = new(manifest.PartitionSchema, manifest.PartitionName);
        PartitionMaker maker = new(session);
        PolicyStore policies = new(session);
        RetirementStore retirements = new(session);
        await policies.CreateAsync(cancellationToken);
        Retirement restored;
        await using (NpgsqlTransaction filling = await session.Connection.BeginTransactionAsync(cancellationToken))
        {
            await DropLeftoverAsync(table, name, retirements, cancellationToken);
            await maker.CreateAsync(tree, scheme, name, range, cancellationToken);
            await FillAsync(data, manifest, name, cancellationToken);
            uint oid = await session.ScalarAsync<uint>("SELECT $1::regclass::oid", cancellationToken, name.ToString());
            restored = new(oid, name, manifest.Bounds, RetentionAction.Archive, RetirementState.Restoring);
            await retirements.SaveAsync(table, restored, data, cancellationToken);
            await filling.CommitAsync(cancellationToken);
        }

        // 4.
        await locks.RunAsync(
            async token =>
            {
                await maker.AttachAsync(tree, scheme, name, range, token);
                restored = restored with { State = RetirementState.Restored };
                await retirements.SaveAsync(table, restored, data, token);
                string message = $"{manifest.Rows} rows restored from {data}";
                await policies.LogAsync(table, "attach-archive", name.ToString(), "done", message, token);
            },
            cancellationToken
        );
        return name;
    }

    // A table that a restore which died has filled is known by its oid, and filled anew. Any other of that name is not
    // ours to drop: CREATE fails.
    private async Task DropLeftoverAsync(
        QualifiedName table,
        QualifiedName name,
        RetirementStore retirements,
        CancellationToken cancellationToken
    )
    {
        foreach (Retirement left in await retirements.OpenAsync(table, cancellationToken))
        {
            if (left.State != RetirementState.Restoring || left.Partition != name)
            {
                continue;
            }
            bool exists = await session.ScalarAsync<bool>(
                "SELECT EXISTS (SELECT FROM pg_class WHERE oid = $1::bigint::oid AND oid = to_regclass($2) "
                    + "AND NOT relispartition)",
                cancellationToken,
                (long)left.Oid,
                name.ToString()
            );
            if (exists)
            {
                await session.ExecuteAsync($"DROP TABLE {name}", cancellationToken);
            }
            await retirements.SaveAsync(table, left with { State = RetirementState.Done }, null, cancellationToken);
        }
    }

    private async Task FillAsync(
        string data,
        ArchiveManifest manifest,
        QualifiedName name,
        CancellationToken cancellationToken
    )
    {
        string columns = SqlText.Names(manifest.Columns.Select(column => column.Name));
        await using (FileStream file = File.OpenRead(data))
        await using (GZipStream gzip = new(file, CompressionMode.Decompress))
        {
            // Closing the writer ends the COPY well even after an exception here; the transaction is rolled back then.
            using StreamReader text = new(gzip, ArchiveFile.Text, detectEncodingFromByteOrderMarks: false);
            await using TextWriter copy = await session.Connection.BeginTextImportAsync(
                $"COPY {name} ({columns}) FROM STDIN ({ArchiveFile.CopyOptions} MATCH)",
                cancellationToken
            );
            char[] letters = new char[32 * 1024];
            int read;
            while ((read = await text.ReadAsync(letters, cancellationToken)) > 0)
            {
                await copy.WriteAsync(letters.AsMemory(0, read), cancellationToken);
            }
        }
        long rows = await session.ScalarAsync<long>($"SELECT count(*) FROM ONLY {name}", cancellationToken);
        if (rows != manifest.Rows)
        {
            throw new OperationException($"{rows} rows came out of {data}, where its manifest says {manifest.Rows}");
        }
    }

    private static async Task CheckAsync(string data, ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        try
        {
            ArchiveContent content = await ArchiveFile.ReadAsync(data, cancellationToken);
            if (content != new ArchiveContent(manifest.Rows, manifest.Sha256))
            {
                throw new OperationException(
                    $"{data} is not what its manifest says: {content.Rows} rows, {content.Sha256}"
                );
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new OperationException($"{data} is damaged: {damaged.Message}", damaged);
        }
    }

    private static PartitionRange FindPlace(PartitionTree tree, ArchiveManifest manifest)
    {
        if (!BoundText.TryRead(manifest.Bounds, tree.Kind, out CatalogBound bound, out string? problem))
        {
            throw new OperationException($"the archive does not fit {tree.Table}: {problem}", OperationOutcome.Refused);
        }
        PartitionRange range =
            bound.Range
            ?? throw new OperationException("a default partition cannot be attached", OperationOutcome.Refused);
        if (tree.Ranges.FirstOrDefault(partition => partition.Range!.Value.Overlaps(range)) is { } other)
        {
            throw new OperationException(
                $"{other.Name} holds the place of {manifest.Bounds}",
                OperationOutcome.Refused
            );
        }
        string[] gone = [.. manifest.Columns.Select(column => column.Name).Except(tree.Columns)];
        return gone.Length == 0
            ? range
            : throw new OperationException(
                $"{tree.Table} has no column {string.Join(", ", gone)} any more: "
                    + "the manifest's ddl makes a table of its own",
                OperationOutcome.Refused
            );
    }
}
