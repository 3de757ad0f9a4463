// CALL drover.shard_table(…): from the client's messages to the control plane and back.
using Drover.Protocol.Messages.Backend;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Routing.Names;
using Drover.Routing.Schemas;

namespace Drover.Sessions.Sharded.Declaring;

/// <summary>
/// Runs while the session's turns stand still, and holds no server; the unit is at the start of its inbox.
/// </summary>
/// <param name="session">The client's.</param>
/// <param name="database">What is known of the database.</param>
/// <param name="pools">Knows who may.</param>
/// <param name="work">Answers.</param>
internal sealed class DeclareWork(
    ClientSession session,
    ShardedDatabaseState database,
    ShardPools pools,
    SpreadWork work
)
{
    /// <summary>Why it may not even be tried; null if it may.</summary>
    public RouteRefusal? Refuse(bool isInTransaction) =>
        isInTransaction ? ShardRefusals.NotInTransaction
        : database.Declarations is not { } declarations ? ShardRefusals.MapUnknown(session.Identity.Database.Name)
        : session.Identity.User.Name == declarations.Owner || pools.IsAdmin ? null
        : ShardRefusals.MayNotDeclare;

    /// <summary>Declares a table or a schema, and answers the client.</summary>
    public async ValueTask RunAsync(DeclarationCall declaration, StatementCall call)
    {
        session.QueryStartMs = session.Loop.NowMs;
        session.Inbox.Consume(call.Length);
        session.Park();
        MapDeclaration? declared = Resolve(declaration, call, out RouteRefusal? refusal);
        refusal ??=
            declared is TableDeclaration table
            && session.Settings.TryFind("search_path", out string? path)
            && path != SearchPath.Default
            && !table.Table.Contains('.', StringComparison.Ordinal)
                ? ShardRefusals.DeclaredWithoutSchema
                : null;
        refusal ??= await database.Declarations!.DeclareAsync(declared!);
        if (session.End is null)
        {
            if (refusal is null)
            {
                call.WriteHead(session.Loop.ClientAssembly, default);
            }
            work.Tell(call, [.. "CALL"u8], refusal, TransactionStatus.Idle);
        }
    }

    private static MapDeclaration? Resolve(
        DeclarationCall declaration,
        StatementCall call,
        out RouteRefusal? refusal
    ) =>
        declaration.Resolve(
            call.IsQuery ? default : new BoundValues(call.Values.Span, call.DeclaredTypes()),
            out refusal
        );
}
