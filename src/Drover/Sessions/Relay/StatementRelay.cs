// Prepared statements on their way to whichever server the client has now: names exchanged, missing ones made again.
using System.IO.Hashing;
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Sql;

namespace Drover.Sessions.Relay;

/// <summary>
/// Handles the messages that name statements, and the texts that may change the session. Where statements are not
/// shared (session mode, or max_prepared_statements 0) they pass as they are.
/// </summary>
internal sealed class StatementRelay(ClientSession session)
{
    private static readonly byte[] DeallocateStandIn = "DISCARD PLANS\0"u8.ToArray();
    private static readonly byte[] StandInBody = [.. DeallocateStandIn, 0, 0];
    private readonly StatementCopies _copies = new(session);
    private bool _awaitsAnswers;
    private PreparedStatement? _bound;
    private ClientStatement? _deallocates;
    private ulong _boundPortal;

    /// <summary>No statement has this name; shared ones are counted from 1.</summary>
    public static ReadOnlySpan<byte> NoStatement => "drover_0"u8;

    /// <summary>A client keeps what it prepared when a reload makes its pool one of sessions.</summary>
    private bool Shares =>
        session.Terms.SharesStatements || session.Statements is not null || session.Unnamed is not null;

    private bool Follows => session.Terms.FollowsSession;

    /// <summary>In session mode texts matter only for RESET, which is to go back to the start-up parameters.</summary>
    private bool Scans => Follows || Shares || !session.Startup.IsEmpty;

    /// <summary>
    /// What comes next depends on answers that are still to come: a statement that may forget others was sent, a copy
    /// made on this server must be seen to have the shape that the client knows, or start-up parameters must be put in
    /// force again.
    /// </summary>
    public bool IsWaiting(ServerConnection server)
    {
        bool restores = session.Traits.HasFlag(StatementTraits.ResetsSettings) && !session.Startup.IsEmpty;
        if (restores && server.Responses.ReadyCount > 0)
        {
            return true;
        }
        if (_awaitsAnswers && (server.Responses.Count == 0 || server.Responses.IsSkippingToSync))
        {
            _awaitsAnswers = false;
        }
        return _awaitsAnswers;
    }

    public void Execute(ServerConnection server, int end, ref Assembly assembly)
    {
        ClientStatement? forgotten = _deallocates;
        server.Responses.Push(
            ExpectedKind.Execute,
            forgotten is null ? ExpectedAction.Forward : ExpectedAction.Retag,
            forgotten
        );
        if (Shares && session.Traits.HasFlag(StatementTraits.ForgetsStatements))
        {
            Flush.Write(assembly.Replace(end, end));
            _awaitsAnswers = true;
        }
    }

    public bool Query(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (session.Pool.Configuration.Options.Proxy.Session.DisablePqexec && StatementScanner.MayBeSeveral(body))
        {
            session.End = new SessionEnd("PQexec disabled", Protocol.SqlState.FeatureNotSupported);
            return false;
        }
        session.Unnamed?.Forget();
        server.UnnamedOwner = null;
        StatementTraits traits = Scan(WithoutZero(body));
        session.Traits |= traits;
        _awaitsAnswers = Shares && traits.HasFlag(StatementTraits.ForgetsStatements);
        if (FindDeallocated(traits, WithoutZero(body)) is { } forgotten)
        {
            MessageWriter writer = assembly.Replace(position, end);
            writer.Begin(FrontendType.Query);
            writer.WriteBytes(DeallocateStandIn);
            writer.End();
            server.Responses.Push(ExpectedKind.Query, ExpectedAction.Retag, forgotten);
            return true;
        }
        server.Responses.Push(ExpectedKind.Query, session.ReadyAction);
        return true;
    }

    /// <summary>A simple query too large to be seen whole: it may do anything.</summary>
    public bool StreamQuery(ServerConnection server)
    {
        session.Unnamed?.Forget();
        server.UnnamedOwner = null;
        session.Traits |= Follows
            ? StatementScanner.Unpredictable | StatementTraits.ChangesCatalog
            : StatementTraits.None;
        server.Responses.Push(ExpectedKind.Query);
        _awaitsAnswers = Shares;
        return true;
    }

    public bool Parse(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (!Protocol.Messages.Frontend.Parse.TryRead(body, out Parse parse))
        {
            return Malformed("Parse");
        }
        if (Shares && parse.Name.IsEmpty && session.Unnamed is { } unnamed && unnamed.IsSame(body[1..], session.Names))
        {
            unnamed.NoteOn(server);
            server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Forward, unnamed);
            return true;
        }
        StatementTraits traits = Scan(parse.Text);
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

    public bool Bind(
        ServerConnection server,
        ReadOnlySpan<byte> body,
        ReadOnlySpan<byte> behind,
        int position,
        int end,
        ref Assembly assembly
    )
    {
        if (!Protocol.Messages.Frontend.Bind.TryRead(body, out Bind bind))
        {
            return Malformed("Bind");
        }
        _bound = null;
        ClientStatement? statement = FindBound(server, bind, position, ref assembly);
        NoteNames(statement?.Traits(session.Names) ?? session.Traits, bind.Remainder);
        if (statement is null)
        {
            server.Responses.Push(ExpectedKind.Bind);
            return true;
        }
        bool isDescribed =
            (statement.Statement.IsRetired || statement.Statement.HasShape)
            && BatchSketch.DescribesPortal(behind)
            && (!statement.Statement.IsRetired || BatchSketch.TakesAnyShape(bind));
        if (!TryMakeReady(server, statement, isDescribed, position, ref assembly))
        {
            return false;
        }
        Protocol.Messages.Frontend.Bind.Write(
            assembly.Replace(position, end),
            bind.Portal,
            PushBind(server, statement, bind.Portal),
            bind.Remainder
        );
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
        _bound = null;
        ClientStatement? statement = FindBound(server, bind, position, ref assembly);
        if (statement is null)
        {
            server.Responses.Push(ExpectedKind.Bind);
            return true;
        }
        if (!TryMakeReady(server, statement, isDescribed: false, position, ref assembly))
        {
            return false;
        }
        ReadOnlySpan<byte> name = PushBind(server, statement, bind.Portal);
        int names = bind.Portal.Length + bind.Statement.Length + 2;
        MessageWriter writer = assembly.Replace(position, position + MessageHeader.Size + names);
        writer.WriteByte(FrontendType.Bind);
        writer.WriteInt32(header.Length - 1 - bind.Statement.Length + name.Length);
        writer.WriteCString(bind.Portal);
        writer.WriteCString(name);
        return true;
    }

    public bool Describe(ServerConnection server, ReadOnlySpan<byte> body, int position, int end, ref Assembly assembly)
    {
        if (!Protocol.Messages.Frontend.Describe.TryRead(body, out Describe describe))
        {
            return Malformed("Describe");
        }
        PreparedStatement? subject = null;
        if (Shares && describe.Kind == DescribedKind.Statement)
        {
            if (describe.Name.IsEmpty)
            {
                _copies.EnsureUnnamed(server, position, ref assembly);
            }
            else if (session.Statements?.Find(describe.Name) is { } statement)
            {
                _copies.Renew(statement);
                subject = statement.Statement;
                if (!_copies.TryEnsure(server, subject, position, ref assembly))
                {
                    _awaitsAnswers = true;
                    return false;
                }
                Protocol.Messages.Frontend.Describe.Write(
                    assembly.Replace(position, end),
                    DescribedKind.Statement,
                    subject.ServerName
                );
            }
        }
        else if (Shares && _bound is { } bound && _boundPortal == HashOf(describe.Name))
        {
            subject = bound;
        }
        server.Responses.Push(ExpectedKind.Describe, ExpectedAction.Forward, subject);
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
        if (FindDeallocated(traits, parse.Text) is { } forgotten)
        {
            Protocol.Messages.Frontend.Parse.Write(
                assembly.Replace(position, end),
                default,
                WithoutZero(DeallocateStandIn)
            );
            session.Unnamed.Set(StandInBody, StatementTraits.None, session.Names, server);
            session.Unnamed.Deallocates = forgotten;
        }
        else
        {
            session.Unnamed.Set(bodyBehindName, traits, session.Names, server);
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
            _copies.TryEnsure(server, taken.Statement, position, ref assembly);
            StatementCopies.WriteParse(assembly.Replace(position, end), taken.Statement);
            server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Duplicate, taken);
            return true;
        }
        string searchPath = session.Settings.TryFind("search_path", out string? path) ? path : "";
        ReadOnlySpan<byte> content = body[(parse.Name.Length + 1)..];
        PreparedStatement shared = SeesWhatOthersSee
            ? session.Pool.Statements.GetOrAdd(content, searchPath, session.Pool.Database.Telling.Epoch)
            : PreparedStatementRegistry.Unshared(content, searchPath);
        ClientStatement statement = new(parse.Name.ToArray(), shared, traits, session.Names);
        session.Statements.Add(statement);
        if (server.Statements.TryUse(shared, server.Batch))
        {
            assembly.Replace(position, end);
            server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Synthesize, statement);
            return true;
        }
        _copies.MakeRoom(server, position, ref assembly);
        StatementCopies.WriteParse(assembly.Replace(position, end), shared);
        server.Statements.Add(shared, server.Batch);
        session.Traffic.ServerParses++;
        server.Responses.Push(ExpectedKind.Parse, ExpectedAction.Forward, statement);
        return true;
    }

    /// <summary>
    /// False while names may mean something else to this client: it has temporary tables, or has just set or changed
    /// something that is not committed or not looked at.
    /// </summary>
    private bool SeesWhatOthersSee =>
        session.Traits == StatementTraits.None && !session.Pins.HasFlag(Telemetry.PinReason.TemporaryTable);

    /// <summary>The shared statement that is bound; null when it is the unnamed one, or none of the shared.</summary>
    private ClientStatement? FindBound(ServerConnection server, Bind bind, int position, ref Assembly assembly)
    {
        _deallocates = null;
        if (!Shares)
        {
            return null;
        }
        if (bind.Statement.IsEmpty)
        {
            _copies.EnsureUnnamed(server, position, ref assembly);
            _deallocates = session.Unnamed?.Deallocates;
            return null;
        }
        if (session.Statements?.Find(bind.Statement) is not { } bound)
        {
            return null;
        }
        _deallocates = FindDeallocated(bound.Traits(session.Names), bound.Statement.TextBytes);
        return _deallocates is null ? bound : bound.With(session.Pool.Statements.GetOrAdd(StandInBody, "", epoch: 0));
    }

    /// <summary>
    /// Sees to it that a statement can be bound. A client that has its portal described learns the shape anew each
    /// time; any other relies on what it was told, so a fresh copy must be seen to have that shape first: false, and
    /// the Bind comes again.
    /// </summary>
    private bool TryMakeReady(
        ServerConnection server,
        ClientStatement statement,
        bool isDescribed,
        int position,
        ref Assembly assembly
    )
    {
        if (isDescribed)
        {
            _copies.Renew(statement);
        }
        if (
            !statement.Statement.IsRetired
            && !_copies.TryEnsure(server, statement.Statement, position, ref assembly)
            && !isDescribed
        )
        {
            _awaitsAnswers = true;
            return false;
        }
        session.Traits |= statement.Traits(session.Names);
        session.Traffic.Binds++;
        return true;
    }

    /// <summary>
    /// Notes a Bind and gives the name to bind. Of a retired statement it is one that makes the server refuse.
    /// </summary>
    private ReadOnlySpan<byte> PushBind(ServerConnection server, ClientStatement statement, ReadOnlySpan<byte> portal)
    {
        _bound = statement.Statement;
        _boundPortal = HashOf(portal);
        bool isRetired = statement.Statement.IsRetired;
        server.Responses.Push(
            ExpectedKind.Bind,
            isRetired ? ExpectedAction.Retired : ExpectedAction.Forward,
            statement.Statement
        );
        return isRetired ? NoStatement : statement.Statement.ServerName;
    }

    /// <summary>
    /// What a DEALLOCATE names, if the client gave the name at protocol level: it is forgotten here once something
    /// harmless has run in its place, which fails where DEALLOCATE would.
    /// </summary>
    private ClientStatement? FindDeallocated(StatementTraits traits, ReadOnlySpan<byte> text) =>
        Shares
        && traits.HasFlag(StatementTraits.ForgetsStatements)
        && session.Statements is { Count: > 0 } statements
        && DeallocateText.TryReadName(text, out byte[] name)
            ? statements.Find(name)
            : null;

    private static ulong HashOf(ReadOnlySpan<byte> portal) => portal.IsEmpty ? 0 : XxHash3.HashToUInt64(portal);

    /// <summary>What a text may do; names of custom settings in it are noted.</summary>
    private StatementTraits Scan(ReadOnlySpan<byte> text)
    {
        if (!Scans)
        {
            return StatementTraits.None;
        }
        StatementTraits traits = StatementScanner.Scan(text, Follows ? session.Names : null);
        if (traits == StatementTraits.None || !Follows)
        {
            return Shares ? traits : traits & ~StatementTraits.ChangesCatalog;
        }
        NoteNames(traits, text);
        return traits | CloserLook.At(text, traits);
    }

    private void NoteNames(StatementTraits traits, ReadOnlySpan<byte> text)
    {
        if (traits.HasFlag(StatementTraits.TouchesSession) && Follows)
        {
            session.NoteNames(text);
        }
    }

    private static ReadOnlySpan<byte> WithoutZero(ReadOnlySpan<byte> body) => body.Length > 0 ? body[..^1] : body;

    private bool Malformed(string message)
    {
        session.End = SessionEnd.Violation($"malformed {message} message");
        return false;
    }
}
