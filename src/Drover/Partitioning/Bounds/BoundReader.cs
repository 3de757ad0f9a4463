// Reads FOR VALUES FROM (…) TO (…) as PostgreSQL prints it.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Partitioning.Bounds;

/// <summary>A reader over one bound's text; used once.</summary>
/// <param name="text">What <c>pg_get_expr</c> gave.</param>
/// <param name="kind">The key's type.</param>
internal sealed class BoundReader(string text, PartitionKeyKind kind)
{
    private int _at;

    /// <summary>Reads the whole text, or says what is not understood.</summary>
    public bool TryRead(out PartitionRange range, [NotNullWhen(false)] out string? problem)
    {
        range = default;
        if (!Skip("FOR VALUES FROM ("))
        {
            problem = $"'{text}' is not the bound of a partition by range";
            return false;
        }
        if (
            !TryReadBound(out PartitionBound from, out problem)
            || !Expect(") TO (", out problem)
            || !TryReadBound(out PartitionBound to, out problem)
            || !Expect(")", out problem)
        )
        {
            return false;
        }
        if (_at != text.Length)
        {
            problem = Odd();
            return false;
        }
        range = new PartitionRange(from, to);
        problem = null;
        return true;
    }

    private bool TryReadBound(out PartitionBound bound, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (Skip("MINVALUE"))
        {
            bound = PartitionBound.MinValue;
            return true;
        }
        if (Skip("MAXVALUE"))
        {
            bound = PartitionBound.MaxValue;
            return true;
        }
        bound = default;
        string value = Skip("'") ? ReadTo('\'') : ReadTo(')');
        if (!BoundAxis.TryRead(kind, value, out long position, out problem))
        {
            return false;
        }
        bound = PartitionBound.At(position);
        return true;
    }

    // A quoted value's quote is consumed, a bare number's bracket is not. No value of these types has a quote inside.
    private string ReadTo(char end)
    {
        int stop = text.IndexOf(end, _at);
        stop = stop < 0 ? text.Length : stop;
        string value = text[_at..stop];
        _at = end == '\'' ? Math.Min(stop + 1, text.Length) : stop;
        return value;
    }

    private bool Expect(string word, [NotNullWhen(false)] out string? problem)
    {
        bool isThere = Skip(word);
        problem =
            isThere ? null
            : _at < text.Length && text[_at] == ',' ? $"'{text}' has more than one column: only keys of one are kept"
            : Odd();
        return isThere;
    }

    private bool Skip(string word)
    {
        bool isThere = text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal);
        _at += isThere ? word.Length : 0;
        return isThere;
    }

    private string Odd() => $"'{text}' is no bound that can be read, from its character {_at + 1}";
}
