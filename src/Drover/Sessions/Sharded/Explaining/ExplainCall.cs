// An EXPLAIN with its values, and the statement in it as one of its own.
using Drover.Routing;

namespace Drover.Sessions.Sharded.Explaining;

/// <summary>What is explained is routed as if it came by itself, so its way is the one that is shown.</summary>
/// <param name="Call">The client's messages.</param>
/// <param name="Text">What the text says.</param>
internal sealed record ExplainCall(StatementCall Call, ExplainText Text)
{
    /// <summary>The statement that is explained.</summary>
    public StatementCall Query { get; } = Call.Of(Text.Query);

    /// <summary>Makes one of a unit; null if that is more than one statement run once and to its end.</summary>
    public static ExplainCall? Make(
        ReadOnlySpan<byte> unit,
        ExplainText text,
        ClientSession session,
        bool isPart = false
    ) => StatementCall.Read(unit, session, isPart) is { } call ? new ExplainCall(call, text) : null;

    /// <summary>The text that explains a statement which a server gets in the place of the client's.</summary>
    public ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> query) => Text.Of(Call.Text.Span, query.Span);
}
