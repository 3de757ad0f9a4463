// Whether the source is still what the run knows it as, with words and commands for when it is not.
using System.Globalization;
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Drift;

/// <summary>Compares the source with the facts that the run has of it.</summary>
/// <param name="settings">The conversion.</param>
/// <param name="context">The step that looks.</param>
internal sealed class DriftCheck(ConversionSettings settings, StepContext context)
{
    private readonly ConversionRecord _record = new(context.RunId);

    /// <summary>The source as it is, and how that differs from what the run knows.</summary>
    public async Task<(TableDescription Table, TableDrift Drift)> ReadAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = context.Connection;
        TableDescription table =
            await TableCatalog.ReadWithinAsync(connection, settings.Layout.Oid, cancellationToken)
            ?? throw new OperationException($"{settings.Layout.Table} does not exist any more");
        Dictionary<string, string> facts =
            await _record.ReadFactsAsync(connection, cancellationToken)
            ?? throw new OperationException("the journal does not know what the table was: abort, and plan anew");
        ConversionLayout layout = await _record.ReadLayoutAsync(connection, settings.Layout, cancellationToken);
        return (table, TableDrift.Of(facts, table, layout, context.Allowed));
    }

    /// <summary>The source, which is as the run knows it.</summary>
    /// <exception cref="StepsAgainException">It was changed, and the change can be taken over.</exception>
    /// <exception cref="OperationException">It was changed, and the change cannot.</exception>
    public async Task<TableDescription> ProveUnchangedAsync(CancellationToken cancellationToken)
    {
        (TableDescription table, TableDrift drift) = await ReadAsync(cancellationToken);
        if (drift.IsNone)
        {
            return table;
        }
        ThrowIfObstructed(drift);
        throw new StepsAgainException(ConversionSteps.Adopt, string.Join("; ", drift.Changes));
    }

    /// <summary>Fails if something was changed that the run cannot take over.</summary>
    public void ThrowIfObstructed(TableDrift drift)
    {
        if (!drift.Obstacles.IsEmpty)
        {
            throw new OperationException(Explain(drift));
        }
    }

    /// <summary>What was changed, and the ways on.</summary>
    public string Explain(TableDrift drift)
    {
        string table = settings.Layout.Table.ToString();
        return $"{table} was changed since the plan was made, and the cut-over would lose it: "
            + $"{string.Join("; ", drift.Obstacles)}. Undo that and resume; or plan anew: "
            + $"drover partition abort {Quote(table)}; {StartCommand(table)}";
    }

    private string StartCommand(string table)
    {
        List<string> words =
        [
            "drover partition start",
            Quote(table),
            $"--by {Quote(settings.Layout.Key)}",
            $"--interval {Quote(settings.Interval)}",
            string.Create(CultureInfo.InvariantCulture, $"--premake {settings.Premake}"),
        ];
        if (settings.Zone != "UTC")
        {
            words.Add($"--zone {Quote(settings.Zone)}");
        }
        if (settings.Outside == OutsideRows.Refuse)
        {
            words.Add("--outside refuse");
        }
        if (settings.IndexesOnNewest is { } newest)
        {
            words.Add(string.Create(CultureInfo.InvariantCulture, $"--recent-indexes {newest}"));
        }
        if (settings.CopiesByKey)
        {
            words.Add("--copy-by key");
        }
        if (settings.KeepsOld)
        {
            words.Add("--keep-old");
        }
        words.AddRange(context.Allowed.Select(flag => $"--allow {Quote(flag)}"));
        return string.Join(' ', words);
    }

    // For a shell; a bare word stays bare.
    private static string Quote(string word) =>
        word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '.' or '-' or '/')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
