// The values of a Bind message, with the types that its Parse declared.
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Routing.Keys;

/// <summary>Reads nothing before it is asked to. The default has no values: a simple query.</summary>
/// <param name="remainder">What follows the names in a Bind: <see cref="Bind.Remainder"/>.</param>
/// <param name="declaredTypes">The parameter types of the Parse; 0, or none, where the server infers.</param>
internal readonly ref struct BoundValues(ReadOnlySpan<byte> remainder, ReadOnlySpan<uint> declaredTypes)
{
    private readonly ReadOnlySpan<byte> _remainder = remainder;
    private readonly ReadOnlySpan<uint> _declaredTypes = declaredTypes;

    /// <summary>Whether there is a Bind.</summary>
    public bool IsPresent => !_remainder.IsEmpty;

    /// <summary>Finds a parameter's value.</summary>
    /// <param name="number">From 1.</param>
    /// <param name="value">The value, unless the message is malformed or has no such parameter.</param>
    public bool TryGet(int number, out BoundValue value)
    {
        value = default;
        if (!IsPresent || number < 1 || !BindParameters.TryRead(_remainder, out BindParameters parameters))
        {
            return false;
        }
        int index = 0;
        foreach (ValueList.Value each in parameters.Values)
        {
            if (++index == number)
            {
                value = new BoundValue(
                    each.Bytes,
                    each.IsNull,
                    parameters.Formats[number - 1] == FormatCodes.Binary,
                    number <= _declaredTypes.Length ? _declaredTypes[number - 1] : 0
                );
                return true;
            }
        }
        return false;
    }
}

/// <summary>One value.</summary>
/// <param name="bytes">Empty for NULL.</param>
/// <param name="isNull">Whether it is NULL.</param>
/// <param name="isBinary">Whether it is in the type's binary format.</param>
/// <param name="type">Its declared type; 0 if the server infers it.</param>
internal readonly ref struct BoundValue(ReadOnlySpan<byte> bytes, bool isNull, bool isBinary, uint type)
{
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    public bool IsNull { get; } = isNull;

    public bool IsBinary { get; } = isBinary;

    public uint Type { get; } = type;
}
