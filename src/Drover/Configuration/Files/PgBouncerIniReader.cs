// Reads pgbouncer.ini as PgBouncer does; what PgBouncer dies of is an error, what Drover does not know is a warning.
using System.Globalization;
using Drover.Configuration.Settings;

namespace Drover.Configuration.Files;

/// <summary>Reads pgbouncer.ini and the files it includes into a draft.</summary>
internal sealed class PgBouncerIniReader(ConfigurationDraft draft)
{
    /// <summary>How deep files may include files, as in PgBouncer.</summary>
    private const int IncludeDepthMax = 10;

    private const string MainSection = "pgbouncer";

    private string? _section;
    private bool _hasMainSection;

    /// <summary>Reads the file and all that it includes.</summary>
    public async Task ReadAsync(string path, CancellationToken cancellation)
    {
        bool readable = await ReadFileAsync(path, new SourcePlace(path), 0, cancellation);
        if (readable && !_hasMainSection)
        {
            draft.Error(new SourcePlace(path), "there is no [pgbouncer] section: add one, even if it is empty");
        }
    }

    private async Task<bool> ReadFileAsync(string path, SourcePlace from, int depth, CancellationToken cancellation)
    {
        string text;
        try
        {
            text = await File.ReadAllTextAsync(path, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            draft.Unreadable(from, path, error);
            return false;
        }
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            SourcePlace place = new(path, number);
            IniLine cut = IniLine.Parse(line);
            if (cut.Kind != IniLineKind.Include)
            {
                Take(cut, place);
            }
            else if (depth == IncludeDepthMax)
            {
                draft.Error(place, $"files include each other more than {IncludeDepthMax} deep: break the circle");
            }
            else
            {
                await ReadFileAsync(cut.Value, place, depth + 1, cancellation);
            }
        }
        return true;
    }

    private void Take(IniLine line, SourcePlace place)
    {
        switch (line.Kind)
        {
            case IniLineKind.Section:
                StartSection(line.Name, place);
                break;
            case IniLineKind.Wrong:
                draft.Error(place, line.Value);
                break;
            case IniLineKind.Pair when _section is null:
                draft.Error(place, $"'{line.Name}' stands before the first section: put it below [pgbouncer]");
                break;
            case IniLineKind.Pair:
                TakePair(line.Name, line.Value, place);
                break;
        }
    }

    private void StartSection(string name, SourcePlace place)
    {
        if (name == MainSection && _hasMainSection)
        {
            draft.Warn(place, "a second [pgbouncer] section: PgBouncer would forget the first, here both count");
        }
        else if (name is not (MainSection or "databases" or "users" or "peers"))
        {
            string? nearest = Spelling.Nearest(name, [MainSection, "databases", "users", "peers"]);
            draft.Warn(
                place,
                $"unknown section [{name}] is left out" + (nearest is null ? "" : $"; is it [{nearest}]?")
            );
        }
        _hasMainSection |= name == MainSection;
        _section = name;
    }

    private void TakePair(string key, string value, SourcePlace place)
    {
        switch (_section)
        {
            case MainSection when SettingCatalog.Proxy.Find(key) is { } setting:
                draft.SetProxy(setting, value, place);
                break;
            case MainSection:
                WarnUnknown($"setting '{key}'", SettingCatalog.Proxy.Nearest(key), place);
                break;
            case "databases":
                DatabaseOptions database = new() { Name = key };
                draft.Add(TakeEntry(SettingCatalog.Databases, database, value, $"database '{key}'", place), place);
                break;
            case "users":
                UserOptions user = new() { Name = key };
                draft.Add(TakeEntry(SettingCatalog.Users, user, value, $"user '{key}'", place), place);
                break;
            case "peers":
                TakePeer(key, value, place);
                break;
        }
    }

    private void TakePeer(string key, string value, SourcePlace place)
    {
        if (
            !int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || id is < 1 or > ConfigurationLimits.PeerIdMax
        )
        {
            draft.Error(place, $"'{key}' is no peer_id: use a number from 1 to {ConfigurationLimits.PeerIdMax}");
            return;
        }
        draft.Add(TakeEntry(SettingCatalog.Peers, new PeerOptions { PeerId = id }, value, $"peer {id}", place), place);
    }

    private TOptions TakeEntry<TOptions>(
        SettingTable<TOptions> table,
        TOptions options,
        string text,
        string what,
        SourcePlace place
    )
        where TOptions : class
    {
        List<(string Key, string Value)>? pairs = ConnectionString.Parse(text, out string problem);
        if (pairs is null)
        {
            draft.Error(place, $"{what}: {problem}");
        }
        foreach ((string key, string value) in pairs ?? [])
        {
            if (table.Find(key) is { } setting)
            {
                options = draft.Apply(setting, options, value, place) ?? options;
            }
            else
            {
                WarnUnknown($"setting '{key}' of {what}", table.Nearest(key), place);
            }
        }
        return options;
    }

    private void WarnUnknown(string what, string? nearest, SourcePlace place) =>
        draft.Warn(place, $"unknown {what} is left out" + (nearest is null ? "" : $"; is it '{nearest}'?"));
}
