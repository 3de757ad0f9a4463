// One piece of advice: why, what it gives, what it costs, the command that does it and the one that undoes it.
using System.Security.Cryptography;
using System.Text;
using Drover.Advice.Indexes;

namespace Drover.Advice;

/// <summary>What kind of gain a recommendation has; the order in which they are shown.</summary>
internal enum Gain
{
    /// <summary>An outage or a loss that comes nearer.</summary>
    Safety,

    /// <summary>Time of statements.</summary>
    Time,

    /// <summary>Space, and the writing of it.</summary>
    Space,

    /// <summary>Something that would let Drover see more.</summary>
    Insight,
}

/// <summary>A recommendation.</summary>
/// <param name="Code">Stable, in kebab-case; docs/metrics.md lists them.</param>
/// <param name="Subject">What it is about, as SQL names it.</param>
/// <param name="Gain">What kind of gain.</param>
/// <param name="Weight">Orders those of one kind, the greatest first: bytes, or seconds.</param>
/// <param name="Evidence">What was seen.</param>
/// <param name="Expected">What it would give.</param>
/// <param name="Price">What it costs while it is done and afterwards.</param>
/// <param name="Risk">What can go wrong, and how to make sure before.</param>
/// <param name="Do">The command, SQL or drover's; complete.</param>
/// <param name="Undo">The command that takes it back; empty where nothing has to be.</param>
internal sealed record Recommendation(
    string Code,
    string Subject,
    Gain Gain,
    double Weight,
    string Evidence,
    string Expected,
    string Price,
    string Risk,
    string Do,
    string Undo
)
{
    /// <summary>Bytes of storage that it would free; 0: none, or unknown.</summary>
    public long FreedBytes { get; init; }

    /// <summary>What was seen here is all that speaks against it; else it is done only when it is named.</summary>
    public bool IsSure { get; init; } = true;

    /// <summary>The same for the same subject every time; <c>drover index</c> and <c>--silence</c> take it.</summary>
    public string Id { get; } = IdOf(Code, Subject);

    /// <summary>Somebody has looked at it, and does not want to see it any more.</summary>
    public bool IsSilenced { get; init; }

    /// <summary>The index that it would build, if it is about one that is missing.</summary>
    public IndexOrder? Build { get; init; }

    /// <summary>The statements that the index would help, where they were studied.</summary>
    public IReadOnlyList<HelpedStatement> Helped { get; init; } = [];

    /// <summary>The first 8 hexadecimal digits of SHA-256 of the code and the subject.</summary>
    public static string IdOf(string code, string subject) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{code} {subject}")))[..8];
}
