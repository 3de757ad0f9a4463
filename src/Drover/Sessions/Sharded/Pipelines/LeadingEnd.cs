// A query or batch that ends, first of all, a transaction that has failed or is on several shards, and goes on.
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Admitting;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;
using Drover.Sql.Statements;

namespace Drover.Sessions.Sharded.Pipelines;

/// <summary>
/// What rolls back becomes a unit of its own, whose ReadyForQuery nobody awaits, and the rest comes behind it as any
/// other: connection pools reset a session so. What may fail itself, or chains, is refused there.
/// </summary>
internal sealed class LeadingEnd(ClientSession session, Branches branches, UnitReader reader, NextMove move)
{
    private bool _isDivided;

    /// <summary>Whether what replaces the unit at the start of the inbox begins with such an end; once.</summary>
    public bool TakeDivided()
    {
        bool was = _isDivided;
        _isDivided = false;
        return was;
    }

    /// <summary>Divides a unit that begins with an end. Null if it does not, or needs no dividing.</summary>
    /// <param name="unit">As it was read whole.</param>
    /// <param name="data">From its start.</param>
    /// <param name="server">The server that the session holds; null if none.</param>
    /// <param name="isQuiet">It owes nothing.</param>
    public Admission? Divide(in Unit unit, ReadOnlySpan<byte> data, ServerConnection? server, bool isQuiet)
    {
        bool hasFailed =
            move.Deferred == Deferred.Failed || (isQuiet && server is { Status: TransactionStatus.Failed });
        bool isLeft =
            (branches.Any || hasFailed)
            && unit is { IsWhole: true, MixesControl: true }
            && server is not { Responses.IsUnsynced: true }
            && !session.Pool.Configuration.Options.Proxy.Session.DisablePqexec;
        List<Range> statements = [];
        if (!isLeft || First(unit, data, statements) is not { } first)
        {
            return null;
        }
        bool rollsBack = RollsBack(first, hasFailed);
        if (!rollsBack && !(hasFailed && branches.Any && GoesBack(first)))
        {
            return null;
        }
        if (!isQuiet)
        {
            return Admission.Wait;
        }
        if (!rollsBack)
        {
            return move.Refuse(ShardRefusals.MixedControl);
        }
        move.Target = unit.Length;
        _isDivided = true;
        return move.Begin(NextStep.Divide, Divided(unit, data, statements));
    }

    /// <summary>The unit's first statement, if it has several; and where they are.</summary>
    private StatementFacts? First(in Unit unit, ReadOnlySpan<byte> data, List<Range> parts)
    {
        if (unit.IsQuery)
        {
            bool isDivided = ScriptText.TryDivide(unit.TextOf(data), reader.Conforms, parts) && parts.Count > 1;
            return isDivided && unit is { Plan.Statements: [var one, _, ..] } ? one : null;
        }
        Unit part = reader.ReadPart(data);
        parts.Add(..part.Length);
        parts.Add(part.Length..unit.Length);
        bool isFirst =
            part is { IsWhole: true, EndsWithSync: false }
            && part.Length < unit.Length
            && SureUnit.Is(data[..part.Length], session);
        return isFirst && part is { Plan.Statements: [var first] } ? first : null;
    }

    private static bool RollsBack(StatementFacts first, bool hasFailed) =>
        !TransactionControls.IsChain(first)
        && TransactionControls.Of(first) switch
        {
            TransactionControl.Rollback => true,
            TransactionControl.Commit => hasFailed,
            _ => false,
        };

    private static bool GoesBack(StatementFacts first) =>
        TransactionControls.Of(first)
            is TransactionControl.Rollback
                or TransactionControl.Commit
                or TransactionControl.RollbackTo;

    /// <summary>Behind the end of a batch comes a Sync of the proxy's own.</summary>
    private byte[] Divided(in Unit unit, ReadOnlySpan<byte> data, List<Range> parts)
    {
        using MessageWriter writer = new((2 * session.InboxBytesMax) + unit.Length);
        if (unit.IsQuery)
        {
            ReadOnlySpan<byte> text = unit.TextOf(data);
            Query.Write(writer, text[parts[0]]);
            Query.Write(writer, text[parts[1].Start..]);
        }
        else
        {
            writer.WriteBytes(data[parts[0]]);
            Sync.Write(writer);
            writer.WriteBytes(data[parts[1]]);
        }
        return writer.Written.ToArray();
    }
}
