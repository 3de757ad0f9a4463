// The answer to a BEGIN that no server has heard of yet, or to a COMMIT that several servers have done.
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Sessions.Relay;
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
    /// Writes what PostgreSQL answers to a unit that has one statement without a result in it: a simple query, or a
    /// statement that is parsed or was before, bound, described and executed once. Of a part of a batch, which has no
    /// Sync, nothing comes behind that. False if it is anything else.
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
        int executed = 0;
        ReadOnlySpan<byte> parsed = default;
        while (unit.Length > 0 && MessageHeader.TryRead(unit, out MessageHeader header) == FrameStatus.Complete)
        {
            ReadOnlySpan<byte> body = unit[MessageHeader.Size..header.Length];
            unit = unit[header.Length..];
            switch (header.Type)
            {
                case FrontendType.Query:
                    CommandComplete.Write(writer, tag);
                    if (!isInScript)
                    {
                        ReadyForQuery.Write(writer, status);
                    }
                    return true;
                case FrontendType.Parse when parsed.IsEmpty && IsNew(body, session):
                    parsed = body;
                    ParseComplete.Write(writer);
                    break;
                case FrontendType.Bind when Bind.TryRead(body, out Bind bind) && bind.Portal.IsEmpty:
                    BindComplete.Write(writer);
                    break;
                case FrontendType.Describe when Describe.TryRead(body, out Describe describe):
                    WriteDescription(writer, describe.Kind);
                    break;
                case FrontendType.Execute when executed++ == 0:
                    CommandComplete.Write(writer, tag);
                    break;
                case FrontendType.Sync when executed == 1:
                    if (!isInScript)
                    {
                        ReadyForQuery.Write(writer, status);
                    }
                    Keep(parsed, session, keeps);
                    return true;
                default:
                    return false;
            }
        }
        Keep(parsed, session, keeps && executed == 1);
        return executed == 1;
    }

    private static void WriteDescription(MessageWriter writer, DescribedKind kind)
    {
        if (kind == DescribedKind.Statement)
        {
            ParameterDescription.Write(writer, []);
        }
        NoData.Write(writer);
    }

    private static bool IsNew(ReadOnlySpan<byte> body, ClientSession session) =>
        Parse.TryRead(body, out Parse parse) && (parse.Name.IsEmpty || session.Statements?.Find(parse.Name) is null);

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
