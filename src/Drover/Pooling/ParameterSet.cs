// Names and values of run-time parameters: an immutable set, compared by reference on the hot path.
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Drover.Pooling;

/// <summary>
/// Run-time parameters, sorted by name. Sets that are equal are made one object by <see cref="ParameterInterner"/>, so
/// "does this server have what this client wants" is a comparison of references.
/// </summary>
internal sealed class ParameterSet : IEquatable<ParameterSet>
{
    private readonly ImmutableArray<KeyValuePair<string, string>> _items;
    private readonly int _hash;

    private ParameterSet(ImmutableArray<KeyValuePair<string, string>> items)
    {
        _items = items;
        HashCode hash = default;
        foreach ((string name, string value) in items)
        {
            hash.Add(name, StringComparer.OrdinalIgnoreCase);
            hash.Add(value);
        }
        _hash = hash.ToHashCode();
    }

    public static ParameterSet Empty { get; } = new([]);

    public ImmutableArray<KeyValuePair<string, string>> Items => _items;

    public bool IsEmpty => _items.IsEmpty;

    /// <summary>Makes a set; of several with one name the last holds. Names differ by more than case.</summary>
    public static ParameterSet From(IEnumerable<KeyValuePair<string, string>> items)
    {
        SortedDictionary<string, string> sorted = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in items)
        {
            sorted[name] = value;
        }
        return sorted.Count == 0 ? Empty : new ParameterSet([.. sorted]);
    }

    public bool TryFind(string name, [NotNullWhen(true)] out string? value)
    {
        foreach (KeyValuePair<string, string> item in _items)
        {
            if (string.Equals(item.Key, name, StringComparison.OrdinalIgnoreCase))
            {
                value = item.Value;
                return true;
            }
        }
        value = null;
        return false;
    }

    /// <summary>The set with one value added or replaced.</summary>
    public ParameterSet With(string name, string value) =>
        From(_items.Append(new KeyValuePair<string, string>(name, value)));

    /// <summary>Both sets together; where both name a parameter, <paramref name="over"/> holds.</summary>
    public ParameterSet Overlay(ParameterSet over) => over.IsEmpty ? this : From(_items.Concat(over._items));

    public bool Equals(ParameterSet? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && _items.SequenceEqual(other._items, IsSame));

    private static bool IsSame(KeyValuePair<string, string> one, KeyValuePair<string, string> other) =>
        one.Value == other.Value && string.Equals(one.Key, other.Key, StringComparison.OrdinalIgnoreCase);

    public override bool Equals(object? obj) => Equals(obj as ParameterSet);

    public override int GetHashCode() => _hash;

    /// <summary>Names only: values may be secrets.</summary>
    public override string ToString() => string.Join(", ", _items.Select(static item => item.Key));
}

/// <summary>
/// Makes equal sets one object. Bounded: past the bound sets are compared by content, which is only slower.
/// </summary>
internal sealed class ParameterInterner
{
    private const int SetsMax = 4096;
    private readonly Lock _lock = new();
    private readonly Dictionary<ParameterSet, ParameterSet> _known = [];

    public ParameterSet Intern(ParameterSet set)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(set, out ParameterSet? known))
            {
                return known;
            }
            if (_known.Count < SetsMax)
            {
                _known.Add(set, set);
            }
            return set;
        }
    }
}
