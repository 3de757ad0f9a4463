// What drover index writes: lines for a person, or one JSON object.
using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.Advice;
using Drover.Advice.Building;
using Drover.Advice.Findings;

namespace Drover.App.Commands.Indexes;

/// <summary>
/// Results go to the output; with JSON, what happens meanwhile goes to the error output. Progress is a line where the
/// phase or the session that is waited for changes, and for every tenth.
/// </summary>
internal sealed class IndexTexts(ParseResult parsed, bool isJson) : IIndexReport
{
    /// <summary>Less of the promised gain than this is as good as none.</summary>
    private const double EnoughShare = 0.5;
    private const int StatementsShown = 5;

    private static readonly JsonWriterOptions s_options = new() { Indented = true };

    private readonly List<Action<Utf8JsonWriter>> _results = [];
    private string _shown = "";
    private IReadOnlyList<YoungIndex>? _young;
    private string? _unseen;

    private TextWriter Output => parsed.InvocationConfiguration.Output;

    private TextWriter Meanwhile => isJson ? parsed.InvocationConfiguration.Error : Output;

    /// <inheritdoc/>
    public void Say(string line)
    {
        lock (_results)
        {
            Meanwhile.WriteLine(TerminalText.Of(line));
        }
    }

    /// <inheritdoc/>
    public void Show(BuildProgress progress)
    {
        string share = progress.Share is { } known ? Text($" {Math.Floor(known * 10) * 10:0} %") : "";
        string wait = progress.WaitsFor > 0 ? Text($", waits for the transaction of pid {progress.WaitsFor}") : "";
        string line = $"{progress.Index}: {progress.Phase}{share}{wait}";
        if (line != _shown)
        {
            _shown = line;
            Say(line);
        }
    }

    /// <summary>The list, and what is too young to be in it.</summary>
    /// <param name="advice">What is advised.</param>
    /// <param name="young">Indexes that nobody used, but not for long.</param>
    /// <param name="unseen">Why indexes may be missing that nobody knows of; null: all statements were seen.</param>
    public async Task WriteListAsync(
        IReadOnlyList<Recommendation> advice,
        IReadOnlyList<YoungIndex> young,
        string? unseen
    )
    {
        (_young, _unseen) = (young, unseen);
        foreach (Recommendation one in advice)
        {
            _results.Add(json => Write(json, one, "advised", null));
            if (!isJson)
            {
                await LineAsync($"{one.Id}  {one.Code}: {one.Subject}");
                await LineAsync($"          gives {one.Expected}");
                await LineAsync($"          costs {one.Price}");
                await LineAsync($"          {one.Do}");
            }
        }
        if (advice.Count == 0 && !isJson)
        {
            await LineAsync(
                unseen is null ? "No index is missing, and none is in the way." : "No index is in the way."
            );
        }
        if (unseen is not null)
        {
            // In JSON it is an answer's part, and a line for who looks on.
            Say(unseen);
        }
        foreach (YoungIndex one in isJson ? [] : young)
        {
            await LineAsync($"too young to judge: {one.Index}");
            await LineAsync(
                Text($"          no scan; built {one.Age.Value.TotalDays:0.#} days ago, ") + one.Age.Source
            );
        }
        await EndAsync();
    }

    /// <summary>What would be done.</summary>
    public async Task WritePlannedAsync(Recommendation one)
    {
        _results.Add(json => Write(json, one, "planned", null));
        if (!isJson)
        {
            await LineAsync(one.Do);
            await LineAsync($"  undo: {one.Undo}");
        }
    }

    /// <summary>An index that was dropped.</summary>
    public async Task WriteDroppedAsync(Recommendation one)
    {
        _results.Add(json => Write(json, one, "dropped", null));
        if (!isJson)
        {
            await LineAsync($"{one.Subject} is dropped");
            await LineAsync($"  undo: {one.Undo}");
        }
    }

    /// <summary>An index that was built; whether the gain came.</summary>
    public async Task<bool> WriteBuiltAsync(Recommendation one, IReadOnlyList<GainedStatement> gained, double share)
    {
        bool hasCome = share >= EnoughShare;
        _results.Add(json => Write(json, one, hasCome ? "built" : "built without gain", gained));
        if (isJson)
        {
            return hasCome;
        }
        await LineAsync($"{one.Build!.FullName} is built");
        foreach (GainedStatement statement in gained.Take(StatementsShown))
        {
            string times = statement.MsAfter is { } after
                ? Text($", {statement.MsBefore:0.00} ms to {after:0.00} ms")
                : "";
            await LineAsync(
                Text($"  cost {statement.CostBefore:N0} to {statement.CostAfter:N0}{times}: ")
                    + statement.Statement.Shortened()
            );
        }
        await LineAsync(
            gained.Count == 0 ? "  no measured statement tells whether it helps"
            : hasCome ? Text($"  the gain came: {share:P0} of what was expected")
            : Text(
                $"  the gain did not come: {share:P0} of what was expected; take it away again, or look at the plans"
            )
        );
        await LineAsync($"  undo: {one.Build.Undo}");
        return hasCome;
    }

    /// <summary>Writes the JSON, if that was asked for.</summary>
    public async Task EndAsync()
    {
        if (!isJson)
        {
            return;
        }
        using MemoryStream bytes = new();
        await using (Utf8JsonWriter json = new(bytes, s_options))
        {
            json.WriteStartObject();
            json.WriteStartArray("indexes");
            _results.ForEach(write => write(json));
            json.WriteEndArray();
            if (_young is { } young)
            {
                WriteYoung(json, young);
                json.WriteString("unseen", _unseen ?? "");
            }
            json.WriteEndObject();
        }
        await Output.WriteLineAsync(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    private static void WriteYoung(Utf8JsonWriter json, IReadOnlyList<YoungIndex> young)
    {
        json.WriteStartArray("too_young");
        foreach (YoungIndex one in young)
        {
            json.WriteStartObject();
            json.WriteString("index", one.Index);
            json.WriteString("table", one.Table);
            json.WriteNumber("days", Math.Round(one.Age.Value.TotalDays, 2));
            json.WriteString("source", one.Age.Source);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private Task LineAsync(string line) => Output.WriteLineAsync(TerminalText.Of(line));

    private static void Write(
        Utf8JsonWriter json,
        Recommendation one,
        string state,
        IReadOnlyList<GainedStatement>? gained
    )
    {
        json.WriteStartObject();
        json.WriteString("id", one.Id);
        json.WriteString("code", one.Code);
        json.WriteString("subject", one.Subject);
        json.WriteString("state", state);
        json.WriteString("expected", one.Expected);
        json.WriteString("price", one.Price);
        json.WriteString("do", one.Do);
        json.WriteString("undo", one.Undo);
        if (gained is not null)
        {
            json.WriteStartArray("statements");
            foreach (GainedStatement statement in gained)
            {
                json.WriteStartObject();
                json.WriteString("statement", statement.Statement.Shortened());
                json.WriteNumber("cost_before", statement.CostBefore);
                json.WriteNumber("cost_after", statement.CostAfter);
                json.WriteNumber("mean_ms_before", Math.Round(statement.MsBefore, 3));
                if (statement.MsAfter is { } after)
                {
                    json.WriteNumber("mean_ms_after", Math.Round(after, 3));
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
