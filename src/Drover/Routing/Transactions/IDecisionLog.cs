// Whether a transaction on several shards is committed: the one place where that is settled.
using System.Globalization;

namespace Drover.Routing.Transactions;

/// <summary>What was decided.</summary>
internal enum Decision
{
    /// <summary>It is not known whether the decision has been recorded.</summary>
    Unknown,

    /// <summary>Recorded: it is committed, whatever happens now.</summary>
    Committed,

    /// <summary>It is not, and will not be: somebody decided against it, or the catalog refused.</summary>
    Aborted,
}

/// <summary>Keeps decisions in the catalog database.</summary>
internal interface IDecisionLog
{
    /// <summary>Decides for a transaction that is prepared on these shards. Never throws.</summary>
    Task<Decision> RecordAsync(Guid transaction, int[] shards);
}

/// <summary>The name that a transaction is prepared under on one shard.</summary>
internal static class PreparedName
{
    /// <summary>What all of them begin with.</summary>
    public const string Prefix = "drover_";

    /// <summary>Unique over servers: several shards may be databases of one.</summary>
    public static string Of(Guid transaction, int shard) => $"{Prefix}{transaction:N}_{shard}";

    /// <summary>Reads a name back.</summary>
    public static bool TryRead(string name, out Guid transaction, out int shard)
    {
        transaction = default;
        shard = 0;
        string[] parts = name.Split('_');
        return parts is ["drover", _, _]
            && Guid.TryParseExact(parts[1], "N", out transaction)
            && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out shard);
    }
}
