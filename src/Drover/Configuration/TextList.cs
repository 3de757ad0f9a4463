// A list of strings that is equal to another one when the items are: it lets option records be compared.
using System.Collections;
using System.Runtime.CompilerServices;

namespace Drover.Configuration;

/// <summary>An immutable list of strings with value equality.</summary>
[CollectionBuilder(typeof(TextList), nameof(Create))]
internal sealed class TextList : IReadOnlyList<string>, IEquatable<TextList>
{
    private readonly string[] _items;

    private TextList(string[] items)
    {
        _items = items;
    }

    /// <summary>The list of nothing.</summary>
    public static TextList Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public string this[int index] => _items[index];

    /// <summary>A list of these items, in this order.</summary>
    public static TextList Create(ReadOnlySpan<string> items) => items.IsEmpty ? Empty : new TextList(items.ToArray());

    /// <summary>Items separated by commas; blanks around them and empty ones are dropped.</summary>
    public static TextList Split(string text) =>
        Create(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    /// <inheritdoc/>
    public bool Equals(TextList? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TextList);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (string item in _items)
        {
            hash.Add(item, StringComparer.Ordinal);
        }
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _items.GetEnumerator();

    /// <summary>The items with a comma between them, as PgBouncer writes a list.</summary>
    public override string ToString() => string.Join(',', _items);
}
