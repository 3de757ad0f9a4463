// The keys of the groups of a read of several shards, and the order in which shards have to give their groups.
using System.Globalization;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// Keys whose values are equal exactly where they are written alike, and whose order is known. By the statement's own
/// order first and all other keys behind, the same groups of several shards come together.
/// </summary>
/// <param name="facts">The statement.</param>
/// <param name="clauses">Its clauses.</param>
/// <param name="types">The types of columns.</param>
/// <param name="canName">ORDER BY may have columns by their tables' names.</param>
internal sealed class GroupKeys(StatementFacts facts, SelectClauses clauses, ExpressionTypes types, bool canName)
{
    /// <param name="Source">The column that it is; none of an expression.</param>
    /// <param name="Output">Where it comes out; -1 if it does not.</param>
    /// <param name="TypeOid">Its type.</param>
    /// <param name="IsByBytes">If it is text, it is ordered by its bytes.</param>
    private readonly record struct Key(ColumnSource Source, int Output, uint TypeOid, bool IsByBytes);

    private readonly List<Key> _keys = [];
    private int _counted = -1;

    /// <summary>The SQL of keys that do not come out.</summary>
    public List<string> Named { get; } = [];

    /// <summary>The order.</summary>
    public List<SortColumn> Sort { get; } = [];

    /// <summary>What is to be added to the statement's own ORDER BY.</summary>
    public string OrderBy { get; private set; } = "";

    /// <summary>A column of the answer is a key.</summary>
    public bool Has(int output) => _keys.Exists(key => key.Output == output);

    /// <summary>A column of a table is a key.</summary>
    public bool Has(ColumnSource source) =>
        // What is counted is a key of the shards' groups, and not of the statement's.
        _keys.FindIndex(key => IsSame(key.Source, source))
            is >= 0
                and var at
        && at != _counted;

    /// <summary>Reads GROUP BY. False if a key is none that can be compared here.</summary>
    public bool TryGroups()
    {
        foreach (GroupItem group in clauses.Groups)
        {
            int output = group.Output >= 0 ? group.Output : OutputOf(group.Source);
            if (!TryAdd(group.Source, output))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Takes all columns of the answer. False if one is none that can be compared here.</summary>
    public bool TryOutputs() =>
        Enumerable
            .Range(0, clauses.Outputs.Columns.Length)
            .All(output => TryAdd(clauses.Outputs.Columns[output].Source, output));

    /// <summary>The column whose values are counted once each, in SQL; null if there is none.</summary>
    public string? Distinct { get; private set; }

    /// <summary>
    /// Takes a column whose values are counted once each, behind all keys. False if it is none that
    /// can be compared here.
    /// </summary>
    public bool TryCount(ColumnSource source)
    {
        bool isOrdered = IsOwn(source) && SortOrder.IsKnown(types.ColumnOf(source)!.TypeOid, isByBytes: true);
        if (isOrdered)
        {
            TryAdd(source, output: -1);
            _counted = _keys.Count - 1;
        }
        return isOrdered;
    }

    /// <summary>Makes the order. False if the statement's own is not one of its keys, or not known.</summary>
    public bool TrySort()
    {
        foreach (SortItem item in clauses.Sort)
        {
            int index = _keys.FindIndex(key => key.Output == item.Output && item.Output >= 0);
            if (index < 0)
            {
                return false;
            }
            Key key = _keys[index];
            bool isByBytes = key.IsByBytes || item.IsByBytes;
            if (!SortOrder.IsKnown(key.TypeOid, isByBytes))
            {
                return false;
            }
            Sort.Add(new SortColumn(item.Output, key.TypeOid, isByBytes, item.IsDescending, item.HasNullsFirst));
        }
        List<string> others = [];
        for (int i = 0; i < _keys.Count; i++)
        {
            Key key = _keys[i];
            if (Sort.Exists(column => column.Index == key.Output))
            {
                continue;
            }
            if (!TryName(key, out string name, out int index))
            {
                return false;
            }
            others.Add(name);
            Distinct = i == _counted ? Named[^1] : null;
            Sort.Add(new SortColumn(index, key.TypeOid, IsByBytes: true, IsDescending: false, HasNullsFirst: false));
        }
        OrderBy = string.Join(", ", others);
        return true;
    }

    /// <summary>One that comes out is meant by its number, but for text that has to be ordered by its bytes.</summary>
    private bool TryName(Key key, out string name, out int index)
    {
        index = key.Output;
        bool isOrdered = SortOrder.IsKnown(key.TypeOid, key.IsByBytes);
        name = key.Output >= 0 && isOrdered ? Ordinal(key.Output) : "";
        if (name.Length > 0)
        {
            return true;
        }
        TableUse? table = key.Source.Table < 0 ? null : facts.Tables[key.Source.Table];
        bool isMeant =
            table is { Query: 0 }
            && canName
            && facts.Tables.Count(other => other.Query == 0 && other.Alias == table.Alias) == 1;
        if (!isMeant)
        {
            return false;
        }
        string column = $"{Quote(table!.Alias)}.{Quote(key.Source.Column)}";
        if (index < 0)
        {
            index = clauses.Outputs.Columns.Length + Named.Count;
            Named.Add(column);
        }
        name = isOrdered ? Ordinal(index) : $"{column} COLLATE pg_catalog.\"C\"";
        return true;
    }

    private static string Ordinal(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private bool TryAdd(ColumnSource source, int output)
    {
        bool isOwn = IsOwn(source);
        uint type =
            isOwn ? types.ColumnOf(source)!.TypeOid
            : output >= 0 && clauses.Values[output] is { } value ? types.OfGroup(value)
            : 0;
        bool isByBytes = isOwn && types.ColumnOf(source)!.IsByBytes;
        _keys.Add(new Key(isOwn ? source : ColumnSource.None, output, type, isByBytes));
        return IsWrittenAlike(type);
    }

    /// <summary>A column of the outermost FROM as it stands there: it comes out of no query that may lack it.</summary>
    private bool IsOwn(ColumnSource source) =>
        source.IsOwn && facts.Tables[source.Table].Query == 0 && types.ColumnOf(source) is not null;

    /// <summary>The column of the answer that is this one; -1 if there is none.</summary>
    private int OutputOf(ColumnSource source) =>
        Enumerable
            .Range(0, clauses.Outputs.Columns.Length)
            .FirstOrDefault(i => IsOwn(source) && IsSame(clauses.Outputs.Columns[i].Source, source), -1);

    private static bool IsSame(ColumnSource one, ColumnSource other) =>
        one is { Table: >= 0, IsOwn: true } && other.IsOwn && one.Table == other.Table && one.Column == other.Column;

    /// <summary>1.0 is 1.00, and -0 is 0: of such types a group has no one way to be written.</summary>
    public static bool IsWrittenAlike(uint type) =>
        type
            is SortOrder.Bool
                or SortOrder.Int2
                or SortOrder.Int4
                or SortOrder.Int8
                or SortOrder.Oid
                or SortOrder.Text
                or SortOrder.Varchar
                or SortOrder.Bytea
                or SortOrder.Date
                or SortOrder.Timestamp
                or SortOrder.TimestampTz
                or SortOrder.Uuid;
}
