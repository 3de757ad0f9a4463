// Reads drover.toml: [proxy], [databases.NAME], [sharded.NAME], [users.NAME], [peers.ID], [monitor.servers.NAME],
// [prices.servers.NAME]. An unknown name is an error here.
using System.Globalization;
using Drover.Configuration.Prices;
using Drover.Configuration.Settings;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Drover.Configuration.Files;

/// <summary>Reads drover.toml into a draft, from the syntax tree, so that every error has line and column.</summary>
internal sealed class TomlConfigurationReader
{
    private static readonly string[] Rooms = ["proxy", "databases", "sharded", "users", "peers", "monitor", "prices"];

    private const string Monitored = "monitor.servers";

    private const string Priced = "prices.servers";

    private readonly ConfigurationDraft _draft;
    private readonly string _file;
    private readonly Dictionary<string, TomlEntry> _entries = new(StringComparer.Ordinal);

    private TomlConfigurationReader(ConfigurationDraft draft, string file)
    {
        _draft = draft;
        _file = file;
    }

    /// <summary>Reads the file.</summary>
    public static async Task ReadAsync(ConfigurationDraft draft, string path, CancellationToken cancellation)
    {
        string text;
        try
        {
            text = await File.ReadAllTextAsync(path, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            draft.Unreadable(new SourcePlace(path), path, error);
            return;
        }
        new TomlConfigurationReader(draft, path).Read(text);
    }

    private void Read(string text)
    {
        DocumentSyntax document = SyntaxParser.Parse(text, _file, validate: true);
        foreach (DiagnosticMessage message in document.Diagnostics)
        {
            TextPosition at = message.Span.Start;
            _draft.Error(new SourcePlace(_file, at.Line + 1, at.Column + 1), message.Message.TrimEnd('.'));
        }
        if (document.HasErrors)
        {
            return;
        }
        foreach (KeyValueSyntax pair in document.KeyValues)
        {
            Visit([], pair);
        }
        foreach (TableSyntaxBase table in document.Tables)
        {
            List<string> path = KeyParts(table.Name);
            if (table is TableArraySyntax)
            {
                _draft.Error(PlaceOf(table), "[[…]] is not used here: write [" + string.Join('.', path) + "]");
                continue;
            }
            Open(path, table);
            foreach (KeyValueSyntax pair in table.Items)
            {
                Visit(path, pair);
            }
        }
        Finish();
    }

    /// <summary>Walks into dotted keys and inline tables until a value is found.</summary>
    private void Visit(List<string> above, KeyValueSyntax pair)
    {
        List<string> path = [.. above, .. KeyParts(pair.Key)];
        if (pair.Value is InlineTableSyntax table)
        {
            Open(path, pair);
            foreach (InlineTableItemSyntax item in table.Items)
            {
                if (item.KeyValue is not null)
                {
                    Visit(path, item.KeyValue);
                }
            }
            return;
        }
        SourcePlace place = PlaceOf(pair);
        switch (path)
        {
            case ["proxy", var name]:
                Set(SettingCatalog.Proxy, name, pair.Value, place, _draft.SetProxy);
                break;
            case ["databases" or "sharded" or "users" or "peers", var entry, var name]:
                EntryOf(path[0], entry, place).Values.Add((name, pair.Value, place));
                break;
            case ["monitor" or "prices", "servers", var entry, var name]:
                EntryOf($"{path[0]}.servers", entry, place).Values.Add((name, pair.Value, place));
                break;
            case ["monitor", var name] when name != "servers":
                Set(SettingCatalog.Monitor, name, pair.Value, place, _draft.SetMonitor);
                break;
            case ["prices", var name] when name != "servers":
                Set(SettingCatalog.Prices, name, pair.Value, place, _draft.SetPrices);
                break;
            default:
                UnknownRoom(path, place);
                break;
        }
    }

    private void Open(List<string> path, SyntaxNode node)
    {
        switch (path)
        {
            case ["proxy" or "databases" or "sharded" or "users" or "peers" or "monitor" or "prices"]:
            case ["monitor" or "prices", "servers"]:
                break;
            case ["monitor" or "prices", "servers", var entry]:
                EntryOf($"{path[0]}.servers", entry, PlaceOf(node));
                break;
            case ["databases" or "sharded" or "users" or "peers", var entry]:
                EntryOf(path[0], entry, PlaceOf(node));
                break;
            default:
                UnknownRoom(path, PlaceOf(node));
                break;
        }
    }

    private void UnknownRoom(List<string> path, SourcePlace place)
    {
        string? nearest = Spelling.Nearest(path[0], Rooms);
        string hint =
            SettingCatalog.Proxy.Find(path[0]) is not null ? $": put {path[0]} below [proxy]"
            : nearest is not null ? $": did you mean {nearest}?"
            : ": the tables are [proxy], [databases.NAME], [sharded.NAME], [users.NAME], [peers.ID], [monitor], "
                + "[monitor.servers.NAME], [prices] and [prices.servers.NAME]";
        _draft.Error(place, $"unknown name '{string.Join('.', path)}'{hint}");
    }

    private TomlEntry EntryOf(string room, string name, SourcePlace place)
    {
        string key = room + "." + name;
        if (!_entries.TryGetValue(key, out TomlEntry? entry))
        {
            entry = new TomlEntry(room, name, place, []);
            _entries.Add(key, entry);
        }
        return entry;
    }

    private void Set<TOptions>(
        SettingTable<TOptions> table,
        string name,
        ValueSyntax? value,
        SourcePlace place,
        Action<Setting<TOptions>, string, SourcePlace> set
    )
        where TOptions : class
    {
        if (table.Find(name) is not { } setting)
        {
            Unknown(name, table.Nearest(name), place);
        }
        else if (TomlValue.ToText(setting.Kind, setting.Unit, value, out string problem) is { } text)
        {
            set(setting, text, place);
        }
        else
        {
            _draft.Error(place, $"{name} {problem}");
        }
    }

    private void Finish()
    {
        foreach (TomlEntry entry in _entries.Values)
        {
            switch (entry.Room)
            {
                case "databases":
                    DatabaseOptions database = new() { Name = entry.Name };
                    _draft.Add(Fill(SettingCatalog.Databases, database, entry), entry.Place);
                    break;
                case "sharded":
                    ShardedDatabaseOptions sharded = new() { Name = entry.Name };
                    _draft.Add(Fill(SettingCatalog.Sharded, sharded, entry), entry.Place);
                    break;
                case "users":
                    _draft.Add(Fill(SettingCatalog.Users, new UserOptions { Name = entry.Name }, entry), entry.Place);
                    break;
                case Monitored:
                    MonitoredServerOptions server = new() { Name = entry.Name };
                    _draft.Add(Fill(SettingCatalog.MonitoredServers, server, entry), entry.Place);
                    break;
                case Priced:
                    ServerPriceOptions price = new() { Name = entry.Name };
                    _draft.Add(Fill(SettingCatalog.ServerPrices, price, entry), entry.Place);
                    break;
                default:
                    AddPeer(entry);
                    break;
            }
        }
    }

    private void AddPeer(TomlEntry entry)
    {
        if (
            !int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || id is < 1 or > ConfigurationLimits.PeerIdMax
        )
        {
            _draft.Error(
                entry.Place,
                $"'{entry.Name}' is no peer_id: use a number from 1 to {ConfigurationLimits.PeerIdMax}"
            );
            return;
        }
        _draft.Add(Fill(SettingCatalog.Peers, new PeerOptions { PeerId = id }, entry), entry.Place);
    }

    private TOptions Fill<TOptions>(SettingTable<TOptions> table, TOptions options, TomlEntry entry)
        where TOptions : class
    {
        foreach ((string name, ValueSyntax? value, SourcePlace place) in entry.Values)
        {
            if (table.Find(name) is not { } setting)
            {
                Unknown(name, table.Nearest(name), place);
            }
            else if (TomlValue.ToText(setting.Kind, setting.Unit, value, out string problem) is { } text)
            {
                options = _draft.Apply(setting, options, text, place) ?? options;
            }
            else
            {
                _draft.Error(place, $"{name} {problem}");
            }
        }
        return options;
    }

    private void Unknown(string name, string? nearest, SourcePlace place) =>
        _draft.Error(
            place,
            $"unknown setting '{name}'"
                + (nearest is null ? ": see docs/configuration.md" : $": did you mean {nearest}?")
        );

    private SourcePlace PlaceOf(SyntaxNode node) => new(_file, node.Span.Start.Line + 1, node.Span.Start.Column + 1);

    private static List<string> KeyParts(KeySyntax? key)
    {
        List<string> parts = [];
        if (key is not null)
        {
            parts.Add(KeyText(key.Key));
            foreach (DottedKeyItemSyntax item in key.DotKeys)
            {
                parts.Add(KeyText(item.Key));
            }
        }
        return parts;
    }

    private static string KeyText(BareKeyOrStringValueSyntax? key) =>
        key switch
        {
            BareKeySyntax bare => bare.Key?.Text ?? "",
            StringValueSyntax quoted => quoted.Value ?? "",
            _ => "",
        };

    private sealed record TomlEntry(
        string Room,
        string Name,
        SourcePlace Place,
        List<(string Name, ValueSyntax? Value, SourcePlace Place)> Values
    );
}
