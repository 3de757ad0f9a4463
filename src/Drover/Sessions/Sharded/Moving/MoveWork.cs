// UPDATE of a sharding key whose new value is another shard's: the rows are taken there and put here, or neither.
using System.Text;
using Drover.Pooling.Servers;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Moving;
using Drover.Sessions.Sharded.Units;
using Drover.Sql;
using Drover.Topology;

namespace Drover.Sessions.Sharded.Moving;

/// <summary>
/// Runs while the session's turns stand still; the unit is at the start of its inbox. 1. Both shards' servers are
/// taken. 2. The rows are taken. 3. What the table has that would not come out as on one server is asked for. 4. They
/// are put, and the client gets what that returns. 5. A transaction of its own is committed on both.
/// </summary>
internal sealed class MoveWork(
    ClientSession session,
    Branches branches,
    SpreadWork work,
    Func<ServerConnection, Task> cancel
)
{
    /// <summary>Runs it, and answers the client.</summary>
    /// <param name="call">The statement.</param>
    /// <param name="unit">The unit that it is alone in.</param>
    /// <param name="isOwn">The client has begun no transaction: it is one of its own.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public async ValueTask RunAsync(StatementCall call, Unit unit, bool isOwn, bool conforming)
    {
        KeyMove move = unit.Move!;
        session.Inbox.Consume(call.Length);
        session.Park();
        session.Traits |= StatementScanner.Scan(call.Text.Span, session.Pool.Database.Telling.Names);
        foreach (int shard in (int[])[move.From, move.To])
        {
            if (!await branches.GoToAsync(shard))
            {
                return;
            }
            branches.NoteData(isWritten: true);
        }
        ServerConnection[] servers = [branches.ServerOf(move.From), branches.ServerOf(move.To)];
        MoveText? text = MoveText.Read(call.Text.Span, unit.Plan!.Statements[0], move.Table, conforming);
        byte[] tag = [];
        RouteRefusal? failure = Refusals.KeyMovesNot(
            move.Table,
            "It is more than SET of values and of what its own columns give, and WHERE."
        );
        if (text is not null && AreTold(text, call))
        {
            // As one server has answered before it fails; what RETURNING gives only the INSERT knows, and overrides it.
            call.NoteFailed(reached: text.HasReturning ? 2 : 3, shape: null);
            (tag, failure) = await MoveAsync(call, text, move.Table, servers);
        }
        if (session.End is null && failure is null && isOwn)
        {
            failure = await work.EndAsync();
        }
        if (session.End is not null)
        {
            return;
        }
        if (failure is not null && !isOwn)
        {
            await work.FailAsync(servers);
        }
        work.Tell(call, tag, failure, isOwn ? TransactionStatus.Idle : session.Server!.Status);
        if (isOwn)
        {
            await work.FinishAsync(servers);
        }
    }

    private async ValueTask<(byte[] Tag, RouteRefusal? Failure)> MoveAsync(
        StatementCall call,
        MoveText text,
        ShardedTable table,
        ServerConnection[] servers
    )
    {
        RowGather taken = new();
        using FanOut take = new(session, call.WithTextResults(), cancel, gather: taken);
        FanOutResult result = await take.RunAsync([servers[0]], [Unlike(call, text.Delete)], isSame: false);
        if (result.Failure is not null || session.End is not null)
        {
            return ([], result.Failure);
        }
        // Behind the DELETE, whose lock keeps the table as it is until the end.
        ServerQueryResult known = await ServerQuery.RunAsync(
            servers[0],
            session.Wakeup,
            SessionProbe.Limit,
            MoveChecks.Sql(table.Name, text.Columns)
        );
        if (!known.IsGood)
        {
            return ([], known.Failure is { } wrong ? ShardRefusals.Of(wrong, session) : Lost(servers[0]));
        }
        if (MoveChecks.Refuse(table, known.Rows, out string[] columns) is { } refusal)
        {
            return ([], refusal);
        }
        byte[] insert = text.Insert(columns, taken.Rows);
        using FanOut put = new(session, call, cancel);
        result = await put.RunAsync([servers[1]], [Unlike(call, insert)], isSame: false);
        string expected = $"INSERT 0 {taken.Rows.Count}";
        return result.Failure is not null || session.End is not null ? ([], result.Failure)
            : Encoding.ASCII.GetString(result.Tag) != expected ? ([], ShardRefusals.MovedOtherwise)
            : (Encoding.ASCII.GetBytes($"UPDATE {taken.Rows.Count}"), null);
    }

    /// <summary>A text that is as long as the client's own would be taken for that one, with all its values.</summary>
    private static byte[] Unlike(StatementCall call, byte[] text) =>
        text.Length == call.Text.Length ? [.. text, (byte)' '] : text;

    private static RouteRefusal Lost(ServerConnection server) => ShardRefusals.ShardLost(server.Pool.Database.Name);

    /// <summary>A parameter of both statements has one type in both: the one that it was declared with.</summary>
    private static bool AreTold(MoveText text, StatementCall call)
    {
        uint[] types = call.DeclaredTypes();
        return text.SharedParameters()
            .All(number =>
                number <= types.Length && types[number - 1] is not (0 or Drover.Routing.Keys.KeyParameter.UnknownType)
            );
    }
}

/// <summary>Rows that are kept in the proxy, within bounds.</summary>
internal sealed class RowGather
{
    /// <summary>Rows that one statement may move: each of them is in memory meanwhile.</summary>
    public const int RowsMax = 1_000;

    /// <summary>Bytes that they may have.</summary>
    public const int BytesMax = 16 * 1024 * 1024;

    private int _bytes;

    /// <summary>The only column of each.</summary>
    public List<byte[]> Rows { get; } = [];

    /// <summary>Takes one; false if there is no room for it.</summary>
    /// <param name="message">The DataRow, whole.</param>
    public bool Add(ReadOnlySpan<byte> message)
    {
        if (!DataRow.TryRead(message[MessageHeader.Size..], out ValueList row) || Rows.Count == RowsMax)
        {
            return false;
        }
        foreach (ValueList.Value value in row)
        {
            _bytes += value.Bytes.Length;
            Rows.Add(value.Bytes.ToArray());
        }
        return _bytes <= BytesMax;
    }
}
