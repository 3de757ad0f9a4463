// One directory of tests/cases/partition: a table, what is written to it meanwhile, and what must come of it.
using System.Collections.Immutable;
using System.Globalization;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>What must come of a conversion.</summary>
public enum CaseResult
{
    /// <summary>It goes through, there and back.</summary>
    Converted,

    /// <summary>It does not start, whatever is allowed.</summary>
    Refused,

    /// <summary>It does not start until a consent is given; then it goes through.</summary>
    Consent,

    /// <summary>It starts, finds in time that it must not go on, and is undone.</summary>
    Stopped,
}

/// <summary>A case as its files say it; README.md there explains them.</summary>
internal sealed record ConversionCase
{
    private ConversionCase(string name, IReadOnlyDictionary<string, string> expect)
    {
        Name = name;
        Expect = expect;
    }

    /// <summary>The folder of all cases.</summary>
    public static string Folder { get; } = FindFolder();

    /// <summary>The directory's name.</summary>
    public string Name { get; }

    private IReadOnlyDictionary<string, string> Expect { get; }

    /// <summary>What must come of it.</summary>
    public CaseResult Result => Enum.Parse<CaseResult>(Expect["result"], ignoreCase: true);

    /// <summary>The command's options.</summary>
    public ImmutableArray<string> Options => [.. CaseScript.Words(Expect["options"])];

    /// <summary>The code of the finding that must be there; null: none in particular.</summary>
    public string? Finding => Expect.GetValueOrDefault("finding");

    /// <summary>The consents that are given.</summary>
    public ImmutableArray<string> Allowed => [.. CaseScript.Words(Expect.GetValueOrDefault("allow", ""))];

    /// <summary>The versions of PostgreSQL that know what the case is about.</summary>
    public IEnumerable<int> Versions =>
        Expect.TryGetValue("versions", out string? versions)
            ? CaseScript.Words(versions).Select(version => int.Parse(version, CultureInfo.InvariantCulture))
            : [15, 18];

    /// <summary>Why the case does not come out yet; null: it does.</summary>
    public string? OpenReason => Expect.GetValueOrDefault("open");

    /// <summary>It is open, so it is skipped: nobody has asked for it by name.</summary>
    public bool IsPassedOver =>
        OpenReason is not null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DROVER_CASES"));

    /// <summary>SQLSTATEs that the writes may meet, with or without a conversion.</summary>
    public ImmutableArray<string> Errors => [.. CaseScript.Words(Expect.GetValueOrDefault("errors", ""))];

    /// <summary>The name of what the writes add to the table meanwhile; it must be there in the end.</summary>
    public string? Adds => Expect.GetValueOrDefault("adds");

    /// <summary>The name of what the writes drop meanwhile; it must not be there in the end.</summary>
    public string? Drops => Expect.GetValueOrDefault("drops");

    /// <summary>The writes make sense only while the table is a plain one.</summary>
    public bool StopsAtCutOver => Expect.GetValueOrDefault("traffic") == "until-cut-over";

    /// <summary>Makes the table.</summary>
    public string Create => CaseScript.WithIncludes(Read("create.sql")!, Path.Combine(Folder, Name));

    /// <summary>What is written all the while, in turn; <c>$n</c> is a running number.</summary>
    public ImmutableArray<string> During => [.. CaseScript.Turns(Read("during.sql") ?? "")];

    /// <summary>A query whose result must be the same on both sides of a swap.</summary>
    public string? Check => Read("check.sql");

    /// <summary>What is written once after the cut-over.</summary>
    public string? After => Read("after.sql");

    /// <summary>What the finished table must refuse with 23514.</summary>
    public string? Refused => Read("refused.sql");

    /// <summary>All cases; those that <c>DROVER_CASES</c> names (comma-separated), if it is set.</summary>
    public static IEnumerable<ConversionCase> All
    {
        get
        {
            string[]? wanted = Environment.GetEnvironmentVariable("DROVER_CASES")?.Split(',');
            return Directory
                .GetDirectories(Folder)
                .Select(folder => Path.GetFileName(folder))
                .Where(name => wanted is null || wanted.Contains(name))
                .Order(StringComparer.Ordinal)
                .Select(Open);
        }
    }

    /// <summary>Reads the case of a name.</summary>
    public static ConversionCase Open(string name)
    {
        Dictionary<string, string> expect = File.ReadAllLines(Path.Combine(Folder, name, "expect"))
            .Select(line => line.Split(": ", 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return new ConversionCase(name, expect);
    }

    // What it lacks is as in the case that it is like.
    private string? Read(string file) =>
        ((string?[])[Name, Expect.GetValueOrDefault("like")])
            .OfType<string>()
            .Select(name => Path.Combine(Folder, name, file))
            .Where(File.Exists)
            .Select(path => File.ReadAllText(path).TrimEnd())
            .FirstOrDefault();

    private static string FindFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(
            folder?.FullName ?? throw new InvalidOperationException("no Drover.slnx above the tests"),
            "tests",
            "cases",
            "partition"
        );
    }
}
