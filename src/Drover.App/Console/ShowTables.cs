// Every SHOW command by its name.
using System.Collections.Frozen;

namespace Drover.App.Console;

/// <summary>All that SHOW knows, and what it pretends to know for drivers that ask at connect.</summary>
internal static class ShowTables
{
    private static readonly KeyValuePair<string, string>[] SessionParameters =
    [
        new("client_encoding", "UTF-8"),
        new("default_transaction_isolation", "read committed"),
        new("standard_conforming_strings", "on"),
        new("datestyle", "ISO"),
        new("timezone", "GMT"),
        new("extra_float_digits", "2"),
    ];

    private static readonly FrozenDictionary<string, ShowTable> ByName = SessionParameters
        .Select(Parameter)
        .Concat(TrafficTables.All)
        .Concat(PoolTables.All)
        .Concat(ConnectionTables.All)
        .Concat(ProcessTables.All)
        .Concat(MapTables.All)
        .ToFrozenDictionary(table => table.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>All tables.</summary>
    public static IEnumerable<ShowTable> All => ByName.Values;

    /// <summary>The table of this name; null when there is none.</summary>
    public static ShowTable? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>
    /// Whether SET of this name is accepted and ignored: drivers set these without asking whether they need to.
    /// PgBouncer has the same list but for <c>application_name</c>.
    /// </summary>
    public static bool IsSessionParameter(string name) =>
        name.Equals("application_name", StringComparison.OrdinalIgnoreCase)
        || SessionParameters.Any(p => p.Key.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static ShowTable Parameter(KeyValuePair<string, string> parameter) =>
        new(parameter.Key, [new Column(parameter.Key, ColumnType.Text)], (_, rows) => rows.Text(parameter.Value).End());
}
