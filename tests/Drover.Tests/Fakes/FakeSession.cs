// What SQL does in the fake PostgreSQL: transactions, settings, and a few words that stand for everything else.
using System.Text.RegularExpressions;
using Drover.Protocol.Messages.Backend;

namespace Drover.Tests.Fakes;

/// <summary>What became of a statement.</summary>
internal sealed record FakeResult(string Tag, List<string?[]>? Rows = null, string? SqlState = null)
{
    public List<(string Name, string Value)> Reported { get; init; } = [];

    public bool Forgets { get; init; }
}

/// <summary>
/// Knows BEGIN, COMMIT, ROLLBACK, SET, set_config, the proxy's own questions, DISCARD ALL, and FAIL; STATE describes
/// the session; anything else is a query whose one row is its own text.
/// </summary>
internal sealed partial class FakeSession
{
    private readonly Lock _lock = new();
    private Dictionary<string, string> _settings = [];
    private Dictionary<string, string> _before = [];

    public TransactionStatus Status { get; private set; } = TransactionStatus.Idle;

    /// <summary>Extended messages came and no Sync yet: an implicit transaction is open.</summary>
    public bool Unsynced { get; set; }

    /// <summary>Settings beyond the defaults, for a test's eyes.</summary>
    public string Settings
    {
        get
        {
            lock (_lock)
            {
                return string.Join(' ', _settings.OrderBy(static s => s.Key).Select(static s => $"{s.Key}={s.Value}"));
            }
        }
    }

    public static bool HasRows(string text) =>
        !Regex.IsMatch(text, "^(BEGIN|COMMIT|ROLLBACK|SET|RESET|DISCARD|DEALLOCATE|DO|FAIL|INSERT)");

    public void Fail() => Status = Status == TransactionStatus.Idle ? Status : TransactionStatus.Failed;

    public FakeResult Execute(string text)
    {
        lock (_lock)
        {
            return ExecuteLocked(text);
        }
    }

    private FakeResult ExecuteLocked(string text)
    {
        text = text.Replace("SET LOCAL search_path = pg_catalog, pg_temp; ", "", StringComparison.Ordinal);
        string word = text.Split(' ', 2)[0];
        if (Status == TransactionStatus.Failed && word is not ("ROLLBACK" or "COMMIT"))
        {
            return new FakeResult("current transaction is aborted", SqlState: "25P02");
        }
        switch (word)
        {
            case "BEGIN":
                _before = new(_settings);
                Status = TransactionStatus.InTransaction;
                return new FakeResult("BEGIN");
            case "COMMIT" or "ROLLBACK":
                bool undone = word == "ROLLBACK" || Status == TransactionStatus.Failed;
                List<(string, string)> reported = undone && Status != TransactionStatus.Idle ? Undo() : [];
                Status = TransactionStatus.Idle;
                return new FakeResult(undone ? "ROLLBACK" : "COMMIT") { Reported = reported };
            case "FAIL":
                return new FakeResult("division by zero", SqlState: "22012");
            case "SET":
                Match set = Assignment().Match(text);
                return new FakeResult("SET") { Reported = Set(set.Groups[1].Value, set.Groups[2].Value) };
            case "RESET":
                _before = text == "RESET ALL" ? [] : _settings;
                return new FakeResult("RESET") { Reported = Undo() };
            case "DO":
                return new FakeResult("DO") { Forgets = text.Contains("DEALLOCATE", StringComparison.Ordinal) };
            case "DISCARD" or "DEALLOCATE":
                return text is "DISCARD ALL" or "DEALLOCATE ALL" ? Discard(text) : new FakeResult(text);
            case "INSERT":
                return new FakeResult("INSERT 0 1");
            case "STATE":
                return Value(
                    $"{(char)Status} {(Unsynced ? "unsynced " : "")}{string.Join(',', _settings.Keys)}".Trim()
                );
            default:
                return Select(text);
        }
    }

    private FakeResult Discard(string text)
    {
        List<(string, string)> reported = [];
        if (text == "DISCARD ALL")
        {
            _before = [];
            reported = Undo();
        }
        return new FakeResult(text) { Forgets = true, Reported = reported };
    }

    private FakeResult Select(string text)
    {
        if (text.StartsWith("SELECT name, setting FROM", StringComparison.Ordinal))
        {
            List<string?[]> rows = [.. _settings.Select(static s => new string?[] { s.Key, s.Value })];
            return new FakeResult($"SELECT {rows.Count}", rows);
        }
        if (text.StartsWith("SELECT 'fingerprint'", StringComparison.Ordinal))
        {
            return new FakeResult(
                "SELECT 1",
                [
                    ["fingerprint", "0"],
                ]
            );
        }
        if (text.Contains("pg_catalog.pg_proc", StringComparison.Ordinal))
        {
            return new FakeResult("SELECT 0", []);
        }
        MatchCollection calls = text.Contains("LEFT JOIN pg_catalog.pg_settings", StringComparison.Ordinal)
            ? MissingSetting().Matches(text)
            : SetConfig().Matches(text);
        if (calls.Count == 0)
        {
            return Value(text);
        }
        List<(string, string)> reported = [];
        foreach (Match call in calls)
        {
            reported.AddRange(Set(call.Groups[1].Value, call.Groups[3].Success ? call.Groups[3].Value : null));
        }
        return new FakeResult(
            "SELECT 1",
            [
                [.. calls.Select(static c => c.Groups[3].Value)],
            ]
        )
        {
            Reported = reported,
        };
    }

    private static FakeResult Value(string text) =>
        new(
            "SELECT 1",
            [
                [text],
            ]
        );

    private List<(string, string)> Set(string name, string? value)
    {
        if (value is null)
        {
            _settings.Remove(name);
        }
        else
        {
            _settings[name] = value;
        }
        return name == "application_name" ? [(name, value ?? "")] : [];
    }

    private List<(string, string)> Undo()
    {
        string now = _settings.GetValueOrDefault("application_name", "");
        string then = _before.GetValueOrDefault("application_name", "");
        _settings = new(_before);
        return now == then ? [] : [("application_name", then)];
    }

    [GeneratedRegex("^SET (?:LOCAL )?([a-z_.]+) *(?:=|TO) *'?([^']*)'?$")]
    private static partial Regex Assignment();

    /// <summary>Of the values that are put back where nothing is set.</summary>
    [GeneratedRegex(@"\(E'([^']*)', (E'([^']*)')\)")]
    private static partial Regex MissingSetting();

    [GeneratedRegex(@"set_config\(E'([^']*)', (NULL|E'([^']*)'), false\)")]
    private static partial Regex SetConfig();
}
