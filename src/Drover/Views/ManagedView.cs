// A materialized view that Drover keeps: what it is, and how its refreshes went.
namespace Drover.Views;

/// <summary>A view's name.</summary>
/// <param name="Schema">Not quoted.</param>
/// <param name="Name">Not quoted.</param>
internal sealed record ViewName(string Schema, string Name)
{
    /// <summary>As SQL has it.</summary>
    public string Quoted => $"{Quote(Schema)}.{Quote(Name)}";

    /// <summary>A name in quotes.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>For a person.</summary>
    public override string ToString() => $"{Schema}.{Name}";
}

/// <summary>How the refreshes of a view went.</summary>
/// <param name="RefreshedAt">When the last one that succeeded began: what the view shows is at least of then.</param>
/// <param name="Duration">How long that one took.</param>
/// <param name="FailedAt">When the last one failed; null if the last one did not.</param>
/// <param name="Failures">How many failed since the last that did not.</param>
/// <param name="Problem">Why the last one failed, without values of rows.</param>
internal sealed record RefreshState(
    DateTimeOffset? RefreshedAt,
    TimeSpan Duration,
    DateTimeOffset? FailedAt,
    int Failures,
    string? Problem
);

/// <summary>A materialized view that is refreshed on schedule.</summary>
internal sealed record ManagedView
{
    /// <summary>Its name.</summary>
    public required ViewName Name { get; init; }

    /// <summary>The query, as it was given.</summary>
    public required string Sql { get; init; }

    /// <summary>The search_path by which the query's names are meant.</summary>
    public required string SearchPath { get; init; }

    /// <summary>The columns of the unique index, by which a refresh tells rows apart.</summary>
    public required IReadOnlyList<string> Unique { get; init; }

    /// <summary>How old its rows may become.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>False: it is refreshed by hand only.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>What its base tables looked like when it was made; when they change, so may it.</summary>
    public string Signature { get; init; } = "";

    /// <summary>Its refreshes.</summary>
    public required RefreshState State { get; init; }
}
