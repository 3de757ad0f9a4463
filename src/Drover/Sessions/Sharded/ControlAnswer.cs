// The answer to a BEGIN that no server has heard of yet, or to a COMMIT that several servers have done.
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Sessions.Relay;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;

namespace Drover.Sessions.Sharded;

internal static class ControlAnswer
{
    /// <summary>Whether <see cref="TryWrite"/> can answer a unit; nothing is changed.</summary>
    public static bool Can(ReadOnlySpan<byte> unit, ClientSession session)
    {
        MessageWriter writer = session.Loop.ClientAssembly;
        bool can = TryWrite(writer, unit, default, TransactionStatus.Idle, session, keeps: false);
        writer.Clear();
        return can;
    }

    /// <summary>Answers a unit and takes it from the client. False, and nothing is done, if it cannot.</summary>
    public static bool TrySend(
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> tag,
        TransactionStatus status,
        ClientSession session,
        bool isInScript
    )
    {
        MessageWriter writer = session.Loop.ClientAssembly;
        bool can = TryWrite(writer, unit, tag, status, session, isInScript: isInScript);
        if (can)
        {
            session.Outbox.Send(session.Client, writer.Written);
            session.Inbox.Consume(unit.Length);
        }
        writer.Clear();
        return can;
    }

    /// <summary>The tag of a statement that begins a transaction.</summary>
    public static ReadOnlySpan<byte> TagOfBegin(ReadOnlySpan<byte> begin) =>
        begin.TrimStart(" \t\r\n"u8) is [(byte)'s' or (byte)'S', ..] ? "START TRANSACTION"u8 : "BEGIN"u8;

    /// <summary>
    /// Writes what PostgreSQL answers to a unit that has one statement without a result in it: a simple query, or what
    /// <see cref="SureUnit"/> lets through. Of a part of a batch, which has no Sync, nothing comes behind that. False
    /// if it is anything else.
    /// </summary>
    public static bool TryWrite(
        MessageWriter writer,
        ReadOnlySpan<byte> unit,
        ReadOnlySpan<byte> tag,
        TransactionStatus status,
        ClientSession session,
        bool keeps = true,
        bool isInScript = false
    )
    {
        if (unit is not [FrontendType.Query, ..] && !SureUnit.Is(unit, session))
        {
            return false;
        }
        ReadOnlySpan<byte> parsed = default;
        while (MessageHeader.TryRead(unit, out MessageHeader header) == FrameStatus.Complete)
        {
            ReadOnlySpan<byte> body = unit[MessageHeader.Size..header.Length];
            unit = unit[header.Length..];
            switch (header.Type)
            {
                case FrontendType.Query:
                    CommandComplete.Write(writer, tag);
                    Ready(writer, status, isInScript);
                    return true;
                case FrontendType.Parse:
                    parsed = body;
                    ParseComplete.Write(writer);
                    break;
                case FrontendType.Bind:
                    BindComplete.Write(writer);
                    break;
                case FrontendType.Describe when Describe.TryRead(body, out Describe describe):
                    WriteDescription(writer, describe.Kind);
                    break;
                case FrontendType.Execute:
                    CommandComplete.Write(writer, tag);
                    break;
                case FrontendType.Sync:
                    Ready(writer, status, isInScript);
                    break;
            }
        }
        Keep(parsed, session, keeps);
        return true;
    }

    private static void Ready(MessageWriter writer, TransactionStatus status, bool isInScript)
    {
        if (!isInScript)
        {
            ReadyForQuery.Write(writer, status);
        }
    }

    private static void WriteDescription(MessageWriter writer, DescribedKind kind)
    {
        if (kind == DescribedKind.Statement)
        {
            ParameterDescription.Write(writer, []);
        }
        NoData.Write(writer);
    }

    /// <summary>The client may bind it again; a server is given it then.</summary>
    private static void Keep(ReadOnlySpan<byte> body, ClientSession session, bool keeps)
    {
        if (!keeps || !Parse.TryRead(body, out Parse parse))
        {
            return;
        }
        if (parse.Name.IsEmpty)
        {
            session.Unnamed?.Forget();
            return;
        }
        string path = session.Settings.TryFind("search_path", out string? set) ? set : "";
        PreparedStatement shared = session.Pool.Statements.GetOrAdd(
            body[(parse.Name.Length + 1)..],
            path,
            session.Pool.Database.Telling.Epoch
        );
        session.Statements ??= new ClientStatements();
        session.Statements.Add(new ClientStatement(parse.Name.ToArray(), shared, StatementTraits.None, session.Names));
    }
}
