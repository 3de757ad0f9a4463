// Errors that the proxy had the server make, told in its own words.
using System.Text;
using Drover.Pooling.Statements;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Routing;

namespace Drover.Sessions.Relay;

/// <summary>
/// What must fail is sent so that it fails: the error comes in its place among the answers, and the transaction is
/// aborted as it would be.
/// </summary>
internal static class OwnError
{
    /// <summary>Whether the client gets another error than the server's for this.</summary>
    public static bool Replaces(ExpectedResponse expected) =>
        expected.Action is ExpectedAction.Duplicate or ExpectedAction.Retired or ExpectedAction.Refused;

    /// <summary>Writes that error.</summary>
    public static void Write(MessageWriter writer, ExpectedResponse expected)
    {
        switch (expected.Action)
        {
            case ExpectedAction.Duplicate:
                string name = Encoding.UTF8.GetString(((ClientStatement)expected.Subject!).Name);
                ErrorResponse.Write(
                    writer,
                    "ERROR",
                    SqlState.DuplicatePreparedStatement,
                    $"prepared statement \"{name}\" already exists"
                );
                break;
            case ExpectedAction.Retired:
                // Drivers know by the routine's name that preparing anew will do.
                ErrorResponse.Write(
                    writer,
                    "ERROR",
                    SqlState.FeatureNotSupported,
                    "cached plan must not change result type",
                    routine: "RevalidateCachedQuery"
                );
                break;
            default:
                Write(writer, (RouteRefusal)expected.Subject!);
                break;
        }
    }

    /// <summary>Writes a refusal.</summary>
    public static void Write(MessageWriter writer, RouteRefusal why) =>
        ErrorResponse.Write(writer, "ERROR", why.SqlState, why.Message, why.Detail, why.Hint);
}
