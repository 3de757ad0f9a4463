// From where a statement says that a key stands to the key's hash.
using System.Collections.Immutable;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Routing.Keys;

internal enum KeyOutcome
{
    Hashed,

    /// <summary>NULL: equal to nothing, and in no sharded table.</summary>
    Null,

    /// <summary>The column's default, which the server knows.</summary>
    Default,

    /// <summary>The value is not certain to be what is hashed here.</summary>
    Unknown,
}

/// <summary>What a key is compared with, or is to become.</summary>
/// <param name="Type">Of the colocation group.</param>
/// <param name="Modifier">Type modifier of the column that is written, which may round; -1 for a comparison.</param>
/// <param name="Ranges">The ranges that place the group's keys; null where their hashes do.</param>
internal readonly record struct KeyTarget(KeyType Type, int Modifier = -1, KeyRanges? Ranges = null)
{
    /// <summary>A key that is to be found in a group: what is read of it is its place there.</summary>
    public static KeyTarget In(ColocationGroup group, int modifier = -1) => new(group.KeyType, modifier, group.Ranges);

    /// <summary>The hash, or the place among the ranges, of a value in text format.</summary>
    public bool TryOfText(ReadOnlySpan<byte> text, out ulong place) =>
        Ranges is null ? KeyHash.TryOfText(Type, text, out place) : Ranges.TryOfText(text, out place);

    /// <summary>The same of one in the type's binary format.</summary>
    public bool TryOfBinary(ReadOnlySpan<byte> value, out ulong place) =>
        Ranges is null ? KeyHash.TryOfBinary(Type, value, out place) : Ranges.TryOfBinary(value, out place);

    /// <summary>The same of an integer, where that is the type.</summary>
    public ulong OfInteger(long value) => Ranges is null ? PostgresHash.OfInt64(value) : Ranges.OfInteger(value);
}

/// <summary>Reads the values of one text and one Bind.</summary>
/// <param name="literals">The text's.</param>
/// <param name="values">The message's.</param>
/// <param name="facts">The statement's.</param>
internal readonly ref struct KeyReader(StatementLiterals literals, BoundValues values, StatementFacts facts)
{
    private readonly StatementLiterals _literals = literals;
    private readonly BoundValues _values = values;

    /// <summary>How many values a source has; 1 for what is not of the text.</summary>
    public int Count(ValueSource source) =>
        source.Kind is ValueSourceKind.Slot or ValueSourceKind.ArraySlot ? _literals.Slots[source.Number].Count : 1;

    /// <summary>Hashes one value of a source that is no array; where the target has ranges, finds its place.</summary>
    public KeyOutcome Hash(KeyTarget target, ValueSource source, int occurrence, out ulong hash)
    {
        hash = 0;
        switch (source.Kind)
        {
            case ValueSourceKind.Null:
                return KeyOutcome.Null;
            case ValueSourceKind.Parameter:
                return OfParameter(target, source.Number, source.Cast, out hash);
            case ValueSourceKind.Slot:
                ShapeItem item = _literals.Items[_literals.Slots[source.Number][occurrence]];
                return item.Kind switch
                {
                    ItemKinds.Null => KeyOutcome.Null,
                    ItemKinds.Default => KeyOutcome.Default,
                    ItemKinds.Parameter => OfParameter(target, _literals.ParameterNumber(item), source.Cast, out hash),
                    _ => KeyLiteral.Hash(target, source.Cast, item.Kind, _literals.Text(item), out hash),
                };
            default:
                return KeyOutcome.Unknown;
        }
    }

    /// <summary>The elements of a source that is an array.</summary>
    /// <returns>False if they cannot be told.</returns>
    public bool TryArray(KeyTarget target, ValueSource source, int occurrence, out KeyArray array)
    {
        array = default;
        if (source.Kind == ValueSourceKind.ArraySlot)
        {
            ShapeItem item = _literals.Items[_literals.Slots[source.Number][occurrence]];
            return item.Kind == ItemKinds.String
                && KeyCasts.Keeps(target.Type, source.Cast)
                && KeyLiteral.IsPlainString(_literals.Text(item))
                && KeyArray.TryText(_literals.Text(item)[1..^1], out array);
        }
        if (!_values.TryGet(source.Number, out BoundValue value) || !KeyCasts.Keeps(target.Type, source.Cast))
        {
            return false;
        }
        if (value.IsNull)
        {
            return true;
        }
        bool isInferred = value.Type is 0 or KeyParameter.UnknownType;
        KeyType? element = isInferred ? target.Type : KeyParameter.ElementType(value.Type);
        return element == target.Type
            && (!isInferred || IsAlone(source.Number))
            && (value.IsBinary ? KeyArray.TryBinary(value.Bytes, out array) : KeyArray.TryText(value.Bytes, out array));
    }

    private KeyOutcome OfParameter(KeyTarget target, int number, string cast, out ulong hash)
    {
        hash = 0;
        if (!_values.TryGet(number, out BoundValue value))
        {
            return KeyOutcome.Unknown;
        }
        bool isAlone = value.Type is not (0 or KeyParameter.UnknownType) || IsAlone(number);
        return value.IsNull ? KeyOutcome.Null : KeyParameter.Hash(target, cast, value, isAlone, out hash);
    }

    /// <summary>
    /// Whether a parameter stands in one place only: where the server infers its type, another place may decide it.
    /// </summary>
    private bool IsAlone(int number)
    {
        int places = 0;
        ImmutableArray<int> lone = facts.LoneParameters;
        foreach (int other in lone)
        {
            places += other == number ? 1 : 0;
        }
        foreach (ShapeItem item in _literals.Items)
        {
            places += item.Kind == ItemKinds.Parameter && _literals.ParameterNumber(item) == number ? 1 : 0;
        }
        return places == 1;
    }
}
