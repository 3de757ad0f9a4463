// What is known of statements: by their text as it stands, else by their shape.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Sql.Shapes;

/// <summary>What is kept for a shape.</summary>
internal interface IShapeValue
{
    /// <summary>
    /// Places of the shape whose literals decide how the statement is run. The same for every statement of the shape.
    /// </summary>
    ReadOnlySpan<int> DecidingSlots { get; }

    /// <summary>What it weighs in memory, about.</summary>
    int Bytes { get; }
}

/// <summary>
/// Two levels, and nothing is allocated on a hit of either. A text that was seen byte for byte is not lexed; its
/// literals' places are kept with it. Another has its shape made, which finds what is known of the shape; where
/// that says that literals decide, their texts join the key and it is looked for again. What is found at neither
/// level is for the parser;
/// <see cref="Add"/> keeps the outcome from the second time on.
/// </summary>
/// <typeparam name="TValue">What is known of a statement.</typeparam>
internal sealed class StatementCache<TValue>
    where TValue : class, IShapeValue
{
    private readonly KeyTable<KnownText> _texts;
    private readonly KeyTable<TValue> _shapes;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="entriesMax">Texts, and shapes, at the most.</param>
    /// <param name="bytesMax">Bytes of each at the most.</param>
    public StatementCache(int entriesMax = ShapeLimits.EntriesMax, long bytesMax = ShapeLimits.BytesMax)
    {
        _texts = new KeyTable<KnownText>(entriesMax, bytesMax);
        _shapes = new KeyTable<TValue>(entriesMax, bytesMax);
    }

    /// <summary>Texts that are kept.</summary>
    public int TextCount => _texts.Count;

    /// <summary>Shapes that are kept, one for each set of values where literals decide.</summary>
    public int ShapeCount => _shapes.Count;

    /// <summary>
    /// Looks a statement up. Whether it is found or not, the buffer then has its literals, unless it has no shape.
    /// </summary>
    /// <param name="sql">The text; the items of the outcome point into it.</param>
    /// <param name="context">What else its meaning depends on.</param>
    /// <param name="buffer">The calling thread's.</param>
    /// <param name="known">What is known, and where the literals are.</param>
    public bool TryFind(
        ReadOnlySpan<byte> sql,
        ShapeContext context,
        ShapeBuffer buffer,
        out KnownStatement<TValue> known
    )
    {
        ulong textHash = 0;
        bool isShort = sql.Length <= ShapeLimits.TextBytesMax;
        if (isShort)
        {
            textHash = SeededHash.Of(sql, context.Seed);
            if (_texts.TryFind(textHash, sql, context, out KnownText? text))
            {
                known = new KnownStatement<TValue>(text.Value, text.Items, text.Slots, text.Hint);
                return true;
            }
        }
        known = default;
        if (!StatementShape.TryBuild(sql, context, buffer) || !TryFindShape(sql, context, buffer, out TValue? value))
        {
            return false;
        }
        known = new KnownStatement<TValue>(value, buffer.Items, buffer.Slots, buffer.Hint);
        if (isShort && buffer.ItemCount <= ShapeLimits.TextItemsMax && _texts.IsSeenAgain(textHash))
        {
            KnownText text = new(value, buffer);
            _texts.Add(textHash, sql, context, text, text.Bytes);
        }
        return true;
    }

    /// <summary>Keeps what was learnt of a statement, if its shape comes for the second time.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="context">As in the look-up.</param>
    /// <param name="buffer">Holds its shape; made again if it does not.</param>
    /// <param name="value">What is known now.</param>
    /// <param name="atOnce">Whether it is kept when it comes for the first time.</param>
    public void Add(ReadOnlySpan<byte> sql, ShapeContext context, ShapeBuffer buffer, TValue value, bool atOnce = false)
    {
        if (!StatementShape.TryBuild(sql, context, buffer))
        {
            return;
        }
        // Under the shape alone it is found what decides; what is found there is the answer only if nothing does.
        AddShape(context, buffer, value, atOnce);
        if (!value.DecidingSlots.IsEmpty && StatementShape.AppendValues(sql, buffer, value.DecidingSlots))
        {
            AddShape(context, buffer, value, atOnce);
        }
    }

    private void AddShape(ShapeContext context, ShapeBuffer buffer, TValue value, bool atOnce)
    {
        ulong hash = SeededHash.Of(buffer.Key);
        if ((_shapes.IsSeenAgain(hash) || atOnce) && !_shapes.TryFind(hash, buffer.Key, context, out _))
        {
            _shapes.Add(hash, buffer.Key, context, value, value.Bytes);
        }
    }

    /// <summary>Forgets everything, as when the catalogs are read anew.</summary>
    public void Clear()
    {
        _texts.Clear();
        _shapes.Clear();
    }

    /// <summary>The second level alone.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="context">What else its meaning depends on.</param>
    /// <param name="buffer">Holds its shape; the key in it grows where literals decide.</param>
    /// <param name="value">What is known.</param>
    public bool TryFindShape(
        ReadOnlySpan<byte> sql,
        ShapeContext context,
        ShapeBuffer buffer,
        [NotNullWhen(true)] out TValue? value
    )
    {
        if (!_shapes.TryFind(SeededHash.Of(buffer.Key), buffer.Key, context, out value))
        {
            return false;
        }
        return value.DecidingSlots.IsEmpty
            || (
                StatementShape.AppendValues(sql, buffer, value.DecidingSlots)
                && _shapes.TryFind(SeededHash.Of(buffer.Key), buffer.Key, context, out value)
            );
    }

    private sealed class KnownText(TValue value, ShapeBuffer buffer)
    {
        public TValue Value { get; } = value;

        public ShapeItem[] Items { get; } = [.. buffer.Items];

        public ShapeSlot[] Slots { get; } = [.. buffer.Slots];

        public Range Hint { get; } = buffer.Hint;

        /// <summary>Without the value, which the shape weighs.</summary>
        public int Bytes => 96 + (12 * (Items.Length + Slots.Length));
    }
}

/// <summary>A statement that was looked up.</summary>
/// <typeparam name="TValue">What is known of it.</typeparam>
internal readonly ref struct KnownStatement<TValue>(
    TValue value,
    ReadOnlySpan<ShapeItem> items,
    ReadOnlySpan<ShapeSlot> slots,
    Range hint
)
{
    /// <summary>What is known.</summary>
    public TValue Value { get; } = value;

    /// <summary>The literals in the order of the text.</summary>
    public ReadOnlySpan<ShapeItem> Items { get; } = items;

    /// <summary>The places of the shape.</summary>
    public ReadOnlySpan<ShapeSlot> Slots { get; } = slots;

    /// <summary>The comment with a hint for Drover; empty if there is none.</summary>
    public Range Hint { get; } = hint;
}
