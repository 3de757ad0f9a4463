// One statement of a client's with its values, taken out of its messages so that several servers can be asked.
using System.Buffers.Binary;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Sharded;

/// <summary>A statement that is run once and whole, by a simple query or by an extended batch up to its Sync.</summary>
internal sealed class StatementCall
{
    private static readonly byte[] NoValues = new byte[6];

    private readonly List<byte> _messages = [];
    private byte[] _text = [];
    private byte[] _types = [];
    private byte[] _bind = NoValues;
    private byte[] _shape = [];
    private int _reached;
    private bool _isHeadWritten;
    private bool _isInScript;

    /// <summary>Bytes of the client's messages.</summary>
    public int Length { get; private init; }

    /// <summary>The statement, in the client's encoding.</summary>
    public ReadOnlyMemory<byte> Text => _text;

    /// <summary>It came as a simple query.</summary>
    public bool IsQuery => _messages.Count == 0;

    /// <summary>Behind it the client's unnamed statement is not the one before.</summary>
    public bool ReplacesUnnamed => IsQuery || _messages.Contains(FrontendType.Parse);

    /// <summary>Behind its answer the client awaits ReadyForQuery: it is no part of a batch.</summary>
    public bool EndsBatch => IsQuery ? !_isInScript : _messages[^1] == FrontendType.Sync;

    /// <summary>Its text and the declared types, as Parse has them behind the name.</summary>
    public byte[] ParseBody()
    {
        byte[] body = new byte[_text.Length + 1 + sizeof(ushort) + _types.Length];
        _text.CopyTo(body, 0);
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(_text.Length + 1), (ushort)(_types.Length / sizeof(uint)));
        _types.CopyTo(body, _text.Length + 1 + sizeof(ushort));
        return body;
    }

    /// <summary>Reads a unit; null if it is more than one statement run once and to its end.</summary>
    /// <param name="unit">A whole unit, or a part of a batch.</param>
    /// <param name="session">The client's.</param>
    /// <param name="isPart">It is a part, and need have no Sync.</param>
    public static StatementCall? Read(ReadOnlySpan<byte> unit, ClientSession session, bool isPart = false)
    {
        StatementCall call = new() { Length = unit.Length };
        if (unit[0] == FrontendType.Query)
        {
            call._text = unit[MessageHeader.Size..^1].ToArray();
            call._isInScript = isPart;
            return call;
        }
        while (unit.Length > 0 && MessageHeader.TryRead(unit, out MessageHeader header) == FrameStatus.Complete)
        {
            if (!call.Add(header.Type, unit[MessageHeader.Size..header.Length], session))
            {
                return null;
            }
            call._messages.Add(header.Type);
            unit = unit[header.Length..];
        }
        bool isWhole =
            call._messages is [.., FrontendType.Sync] || (isPart && call._messages.Contains(FrontendType.Execute));
        return isWhole ? call : null;
    }

    /// <summary>Another statement in the same messages, with the same values.</summary>
    public StatementCall Of(byte[] text)
    {
        StatementCall other = (StatementCall)MemberwiseClone();
        other._text = text;
        return other;
    }

    /// <summary>The same, but with results in text format, however many columns there are.</summary>
    public StatementCall WithTextResults()
    {
        StatementCall other = (StatementCall)MemberwiseClone();
        if (BindParameters.TryRead(_bind, out BindParameters parameters))
        {
            int formats = sizeof(short) + (sizeof(short) * parameters.ResultFormats.Count);
            other._bind = [.. _bind.AsSpan()[..^formats], 0, 0];
        }
        return other;
    }

    /// <summary>What follows the names in Bind: formats, values, result formats.</summary>
    public ReadOnlyMemory<byte> Values => _bind;

    /// <summary>The declared types as they are on the wire.</summary>
    public ReadOnlyMemory<byte> Types => _types;

    /// <summary>The declared types.</summary>
    public uint[] DeclaredTypes()
    {
        uint[] types = new uint[_types.Length / sizeof(uint)];
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = BinaryPrimitives.ReadUInt32BigEndian(_types.AsSpan(i * sizeof(uint)));
        }
        return types;
    }

    /// <summary>Writes the messages that run it.</summary>
    /// <param name="writer">Of one server.</param>
    /// <param name="text">The statement as this server is to have it.</param>
    public void WriteTo(MessageWriter writer, ReadOnlySpan<byte> text) => WriteTo(writer, text, _bind);

    /// <summary>Writes the messages that run it.</summary>
    /// <param name="writer">Of one server.</param>
    /// <param name="text">The statement as this server is to have it.</param>
    /// <param name="values">As <see cref="Values"/>.</param>
    public void WriteTo(MessageWriter writer, ReadOnlySpan<byte> text, ReadOnlySpan<byte> values)
    {
        if (text.Length == _text.Length || !PartialBind.TryWrite(writer, text, _types, values))
        {
            Parse.WriteRenamed(writer, default, text, _types);
            Bind.Write(writer, default, default, values);
        }
        Describe.Write(writer, DescribedKind.Portal, default);
        Execute.Write(writer, default);
        Sync.Write(writer);
    }

    /// <summary>A server has failed before any row.</summary>
    /// <param name="reached">How far it came: it had answered Parse (1), Bind (2) and Describe (3).</param>
    /// <param name="shape">The RowDescription that the client would be told; empty if none was.</param>
    public void NoteFailed(int reached, byte[]? shape)
    {
        _reached = reached;
        _shape = shape ?? [];
    }

    /// <summary>Writes what the client expects before the error of what did not come to any row.</summary>
    public void WriteReached(MessageWriter writer)
    {
        if (_isHeadWritten)
        {
            return;
        }
        if (IsQuery)
        {
            writer.WriteBytes(_reached > 2 ? _shape : []);
        }
        foreach (byte type in _messages.TakeWhile(static type => type != FrontendType.Execute))
        {
            bool isReached = type switch
            {
                FrontendType.Parse => _reached > 0,
                FrontendType.Bind => _reached > 1,
                _ => _reached > 2,
            };
            WriteAnswer(writer, isReached ? type : FrontendType.Execute, _shape);
        }
    }

    /// <summary>Writes what the client expects before the rows.</summary>
    /// <param name="writer">To the client.</param>
    /// <param name="shape">The RowDescription, whole; empty when there are no rows.</param>
    public void WriteHead(MessageWriter writer, ReadOnlySpan<byte> shape)
    {
        _isHeadWritten = true;
        if (IsQuery)
        {
            writer.WriteBytes(shape);
            return;
        }
        foreach (byte type in _messages.TakeWhile(static type => type != FrontendType.Execute))
        {
            WriteAnswer(writer, type, shape);
        }
    }

    /// <summary>Writes what the client expects behind the rows, without ReadyForQuery.</summary>
    public void WriteTail(MessageWriter writer, ReadOnlySpan<byte> tag)
    {
        CommandComplete.Write(writer, tag);
        foreach (byte type in _messages.SkipWhile(static type => type != FrontendType.Execute))
        {
            WriteAnswer(writer, type, default);
        }
    }

    private static void WriteAnswer(MessageWriter writer, byte type, ReadOnlySpan<byte> shape)
    {
        switch (type)
        {
            case FrontendType.Parse:
                ParseComplete.Write(writer);
                break;
            case FrontendType.Bind:
                BindComplete.Write(writer);
                break;
            case FrontendType.Describe when shape.IsEmpty:
                NoData.Write(writer);
                break;
            case FrontendType.Describe:
                writer.WriteBytes(shape);
                break;
            case FrontendType.Close:
                CloseComplete.Write(writer);
                break;
            default:
                break;
        }
    }

    private bool Add(byte type, ReadOnlySpan<byte> body, ClientSession session)
    {
        switch (type)
        {
            case FrontendType.Parse when Parse.TryRead(body, out Parse parse) && parse.Name.IsEmpty:
                _text = parse.Text.ToArray();
                _types = parse.ParameterTypeBytes.ToArray();
                return _messages.Count == 0;
            case FrontendType.Bind when Bind.TryRead(body, out Bind bind) && bind.Portal.IsEmpty:
                _bind = bind.Remainder.ToArray();
                return !_messages.Contains(FrontendType.Bind)
                    && (_messages.Contains(FrontendType.Parse) ? bind.Statement.IsEmpty : Find(bind, session));
            case FrontendType.Describe when Describe.TryRead(body, out Describe describe):
                return describe.Kind == DescribedKind.Portal
                    && describe.Name.IsEmpty
                    && _messages.Contains(FrontendType.Bind);
            case FrontendType.Execute when Execute.TryRead(body, out Execute execute):
                return execute.RowsMax <= 0
                    && execute.Portal.IsEmpty
                    && _messages.Contains(FrontendType.Bind)
                    && !_messages.Contains(FrontendType.Execute);
            case FrontendType.Close when Close.TryRead(body, out Close close):
                return close.Kind == DescribedKind.Portal && _messages.Contains(FrontendType.Execute);
            default:
                return type == FrontendType.Sync && _messages.Contains(FrontendType.Execute);
        }
    }

    private bool Find(Bind bind, ClientSession session)
    {
        ReadOnlySpan<byte> body =
            bind.Statement.IsEmpty ? (session.Unnamed is { Exists: true } unnamed ? unnamed.Body : default)
            : session.Statements?.Find(bind.Statement) is { } named ? named.Statement.Body
            : default;
        int end = body.IndexOf((byte)0);
        if (end < 0)
        {
            return false;
        }
        _text = body[..end].ToArray();
        _types = body[(end + 1 + sizeof(ushort))..].ToArray();
        return true;
    }
}
