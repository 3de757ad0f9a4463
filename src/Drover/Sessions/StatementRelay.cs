// Prepared statements on their way to whichever server the client has now: names exchanged, missing ones made again.
using Drover.Pooling;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Sql;

namespace Drover.Sessions;

/// <summary>
/// Handles the messages that name statements, and the texts that may change the session. Where statements are not
/// shared (session mode, or max_prepared_statements 0) they pass as they are.
/// </summary>
internal sealed class StatementRelay(ClientSession session)
{
    private static readonly byte[] DeallocateStandIn = "DISCARD PLANS\0"u8.ToArray();

    private bool Shares => session.Pool.Configuration.SharesStatements;

    private bool Follows => session.Pool.Configuration.FollowsSession;

    public bool Query(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (session.Pool.Configuration.Options.Proxy.Session.DisablePqexec && HasSeveralStatements(body))
        {
            session.End = new SessionEnd("PQexec disabled", Protocol.SqlState.FeatureNotSupported);
            return false;
        }
        session.Unnamed?.Forget();
        server.UnnamedOwner = null;
        StatementTraits traits = Follows || Shares ? StatementScanner.Scan(WithoutZero(body)) : StatementTraits.None;
        session.Traits |= traits;
        if (IsDeallocateOfShared(traits, WithoutZero(body)))
        {
            MessageWriter writer = assembly.Replace(position, end);
            writer.Begin(FrontendType.Query);
            writer.WriteBytes(DeallocateStandIn);
            writer.End();
            server.Responses.Push(ExpectedKind.Query, ExpectedAction.Retag);
            return true;
        }
        server.Responses.Push(ExpectedKind.Query);
        return true;
    }

    /// <summary>A simple query too large to be seen whole: it may do anything.</summary>
    public bool StreamQuery(ServerConnection server)
    {
        session.Unnamed?.Forget();
        server.UnnamedOwner = null;
        session.Traits |= Follows
            ? StatementTraits.TouchesSession | StatementTraits.ResetsSettings | StatementTraits.ForgetsStatements
            : StatementTraits.None;
        server.Responses.Push(ExpectedKind.Query);
        return true;
    }

    public bool Parse(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (!Protocol.Messages.Frontend.Parse.TryRead(body, out Parse parse))
        {
            return Malformed("Parse");
        }
        if (Shares && parse.Name.IsEmpty && session.Unnamed is { } unnamed && unnamed.IsSame(body[1..]))
        {
            session.Traits |= unnamed.Traits;
            unnamed.NoteOn(server);
            server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Forward, unnamed);
            return true;
        }
        StatementTraits traits = Follows || Shares ? StatementScanner.Scan(parse.Text) : StatementTraits.None;
        if (!Shares)
        {
            session.Traits |= traits;
            server.Responses.Push(ExpectedKind.Parse);
            return true;
        }
        if (parse.Name.IsEmpty)
        {
            ParseUnnamed(server, parse, body[1..], traits, position, end, ref assembly);
            return true;
        }
        return ParseNamed(server, parse, body, traits, position, end, ref assembly);
    }

    /// <summary>
    /// An unnamed statement too large to be kept: the client stays with this server until the next one.
    /// </summary>
    public bool StreamParse(ServerConnection server, ReadOnlySpan<byte> start)
    {
        if (Shares)
        {
            if (start[0] != 0)
            {
                session.End = new SessionEnd("prepared statement too long", Protocol.SqlState.ProgramLimitExceeded)
                {
                    Hint = "Raise client_buffer_max, or send the text without a statement name.",
                };
                return false;
            }
            session.Unnamed ??= new UnnamedStatement();
            session.Unnamed.SetPinned(StatementTraits.TouchesSession | StatementTraits.ResetsSettings, server);
            session.Pins |= Telemetry.PinReason.PreparedStatement;
        }
        session.Traits |= StatementTraits.TouchesSession;
        server.Responses.Push(ExpectedKind.Parse);
        return true;
    }

    public bool Bind(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (!Protocol.Messages.Frontend.Bind.TryRead(body, out Bind bind))
        {
            return Malformed("Bind");
        }
        if (!Shares)
        {
            server.Responses.Push(ExpectedKind.Bind);
            return true;
        }
        if (bind.Statement.IsEmpty)
        {
            EnsureUnnamed(server, position, ref assembly);
        }
        else if (session.Statements?.Find(bind.Statement) is { } statement)
        {
            session.Traits |= statement.Traits;
            session.Traffic.Binds++;
            Ensure(server, statement.Statement, position, ref assembly);
            MessageWriter writer = assembly.Replace(position, end);
            Protocol.Messages.Frontend.Bind.Write(writer, bind.Portal, statement.Statement.ServerName, bind.Remainder);
        }
        server.Responses.Push(ExpectedKind.Bind);
        return true;
    }

    /// <summary>
    /// A Bind with large values: the names at its start are exchanged, the rest is streamed behind them.
    /// </summary>
    public bool StreamBind(
        ServerConnection server,
        MessageHeader header,
        ReadOnlySpan<byte> start,
        int position,
        ref Assembly assembly
    )
    {
        if (!Protocol.Messages.Frontend.Bind.TryRead(start, out Bind bind))
        {
            return Malformed("Bind");
        }
        if (Shares && bind.Statement.IsEmpty)
        {
            EnsureUnnamed(server, position, ref assembly);
        }
        else if (Shares && session.Statements?.Find(bind.Statement) is { } statement)
        {
            session.Traits |= statement.Traits;
            session.Traffic.Binds++;
            Ensure(server, statement.Statement, position, ref assembly);
            int names = bind.Portal.Length + bind.Statement.Length + 2;
            MessageWriter writer = assembly.Replace(position, position + MessageHeader.Size + names);
            writer.WriteByte(FrontendType.Bind);
            writer.WriteInt32(header.Length - 1 - bind.Statement.Length + statement.Statement.ServerName.Length);
            writer.WriteCString(bind.Portal);
            writer.WriteCString(statement.Statement.ServerName);
        }
        server.Responses.Push(ExpectedKind.Bind);
        return true;
    }

    public bool Describe(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (!Protocol.Messages.Frontend.Describe.TryRead(body, out Describe describe))
        {
            return Malformed("Describe");
        }
        if (Shares && describe.Kind == DescribedKind.Statement)
        {
            if (describe.Name.IsEmpty)
            {
                EnsureUnnamed(server, position, ref assembly);
            }
            else if (session.Statements?.Find(describe.Name) is { } statement)
            {
                Ensure(server, statement.Statement, position, ref assembly);
                Protocol.Messages.Frontend.Describe.Write(
                    assembly.Replace(position, end),
                    DescribedKind.Statement,
                    statement.Statement.ServerName
                );
            }
        }
        server.Responses.Push(ExpectedKind.Describe);
        return true;
    }

    public bool Close(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (!Protocol.Messages.Frontend.Close.TryRead(body, out Close close))
        {
            return Malformed("Close");
        }
        if (Shares && close.Kind == DescribedKind.Statement)
        {
            if (close.Name.IsEmpty)
            {
                session.Unnamed?.Forget();
                server.UnnamedOwner = null;
            }
            else if (session.Statements?.Find(close.Name) is { } statement)
            {
                // The server keeps its copy for the others; the client gets its answer when its turn comes.
                session.Statements.Remove(statement);
                assembly.Replace(position, end);
                server.Responses.Push(ExpectedKind.Close, ExpectedAction.Synthesize, statement);
                return true;
            }
        }
        server.Responses.Push(ExpectedKind.Close);
        return true;
    }

    private void ParseUnnamed(
        ServerConnection server,
        Parse parse,
        ReadOnlySpan<byte> bodyBehindName,
        StatementTraits traits,
        int position,
        int end,
        ref Assembly assembly
    )
    {
        session.Unnamed ??= new UnnamedStatement();
        session.Traits |= traits;
        bool standsIn = IsDeallocateOfShared(traits, parse.Text);
        if (standsIn)
        {
            Protocol.Messages.Frontend.Parse.Write(
                assembly.Replace(position, end),
                default,
                WithoutZero(DeallocateStandIn)
            );
            session.Unnamed.Set([.. DeallocateStandIn, 0, 0], StatementTraits.None, server);
            session.Unnamed.IsDeallocate = true;
        }
        else
        {
            session.Unnamed.Set(bodyBehindName, traits, server);
        }
        server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Forward, session.Unnamed);
    }

    private bool ParseNamed(
        ServerConnection server,
        Parse parse,
        ReadOnlySpan<byte> body,
        StatementTraits traits,
        int position,
        int end,
        ref Assembly assembly
    )
    {
        session.Statements ??= new ClientStatements();
        int limit = session.Pool.Configuration.Options.Proxy.Session.MaxClientPreparedStatements;
        if (limit > 0 && session.Statements.Count >= limit)
        {
            session.End = new SessionEnd("too many prepared statements", Protocol.SqlState.ProgramLimitExceeded)
            {
                Hint =
                    "The client has reached max_client_prepared_statements; it should DEALLOCATE what it is done with.",
            };
            return false;
        }
        session.Traffic.ClientParses++;
        if (session.Statements.Find(parse.Name) is { } taken)
        {
            // The server's own refusal, provoked: 42P05 comes in its place among the answers, only with the client's
            // name.
            Ensure(server, taken.Statement, position, ref assembly);
            WriteParse(assembly.Replace(position, end), taken.Statement);
            server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Duplicate, taken);
            return true;
        }
        string searchPath = session.Settings.TryFind("search_path", out string? path) ? path : "";
        PreparedStatement shared = session.Pool.Statements.GetOrAdd(body[(parse.Name.Length + 1)..], searchPath);
        ClientStatement statement = new(parse.Name.ToArray(), shared, traits);
        session.Statements.Add(statement);
        if (server.Statements.TryUse(shared, server.Batch))
        {
            assembly.Replace(position, end);
            server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Synthesize, statement);
            return true;
        }
        MakeRoom(server, position, ref assembly);
        WriteParse(assembly.Replace(position, end), shared);
        server.Statements.Add(shared, server.Batch);
        session.Traffic.ServerParses++;
        server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Forward, statement);
        return true;
    }

    /// <summary>Makes a shared statement on the server if it is not there; its ParseComplete is swallowed.</summary>
    private void Ensure(ServerConnection server, PreparedStatement statement, int position, ref Assembly assembly)
    {
        if (server.Statements.TryUse(statement, server.Batch))
        {
            return;
        }
        MakeRoom(server, position, ref assembly);
        WriteParse(assembly.Replace(position, position), statement);
        server.Statements.Add(statement, server.Batch);
        session.Traffic.ServerParses++;
        server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Swallow, statement);
    }

    private void MakeRoom(ServerConnection server, int position, ref Assembly assembly)
    {
        int limit = session.Pool.Configuration.Options.Proxy.Session.MaxPreparedStatements;
        while (
            server.Statements.TryTakeStale(out PreparedStatement? gone)
            || server.Statements.TryEvict(limit, server.Batch, out gone)
        )
        {
            MessageWriter writer = assembly.Replace(position, position);
            Protocol.Messages.Frontend.Close.Write(writer, DescribedKind.Statement, gone.ServerName);
            server.Responses.Push(ExpectedKind.Close, ExpectedAction.Swallow, gone);
        }
    }

    /// <summary>
    /// Sees to it that the server's unnamed statement is this client's, or that it has none if the client has none.
    /// </summary>
    private void EnsureUnnamed(ServerConnection server, int position, ref Assembly assembly)
    {
        if (session.Unnamed is { Exists: true } unnamed)
        {
            session.Traits |= unnamed.Traits;
            if (!unnamed.IsOn(server) && !unnamed.IsPinned)
            {
                MessageWriter writer = assembly.Replace(position, position);
                writer.Begin(FrontendType.Parse);
                writer.WriteByte(0);
                writer.WriteBytes(unnamed.Body);
                writer.End();
                unnamed.NoteOn(server);
                server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Swallow, unnamed);
            }
        }
        else if (server.UnnamedOwner is not null)
        {
            // Somebody else's: the client must get 26000 and not a stranger's statement.
            Protocol.Messages.Frontend.Close.Write(
                assembly.Replace(position, position),
                DescribedKind.Statement,
                default
            );
            server.UnnamedOwner = null;
            server.Responses.Push(ExpectedKind.Close, ExpectedAction.Swallow);
        }
    }

    private static void WriteParse(MessageWriter writer, PreparedStatement statement)
    {
        writer.Begin(FrontendType.Parse);
        writer.WriteCString(statement.ServerName);
        writer.WriteBytes(statement.Body);
        writer.End();
    }

    /// <summary>
    /// DEALLOCATE of a name that the client gave at protocol level: it is forgotten here, and something harmless runs
    /// in its place, so that it still fails in a failed transaction.
    /// </summary>
    private bool IsDeallocateOfShared(StatementTraits traits, ReadOnlySpan<byte> text)
    {
        if (
            !Shares
            || !traits.HasFlag(StatementTraits.ForgetsStatements)
            || session.Statements is not { Count: > 0 } statements
            || !DeallocateText.TryReadName(text, out byte[] name)
            || statements.Find(name) is not { } statement
        )
        {
            return false;
        }
        statements.Remove(statement);
        return true;
    }

    private static bool HasSeveralStatements(ReadOnlySpan<byte> body)
    {
        int semicolon = body.IndexOf((byte)';');
        return semicolon >= 0 && body[(semicolon + 1)..].TrimStart(" \t\r\n;\0"u8).Length > 0;
    }

    private static ReadOnlySpan<byte> WithoutZero(ReadOnlySpan<byte> body) => body.Length > 0 ? body[..^1] : body;

    private bool Malformed(string message)
    {
        session.End = SessionEnd.Violation($"malformed {message} message");
        return false;
    }
}
