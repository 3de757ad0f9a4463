// The admin console as a client session sees it: complete frontend messages in, backend messages out.
using Drover.Protocol.Framing;

namespace Drover.Administration;

/// <summary>Who is on the console; the login has already decided that.</summary>
/// <param name="Name">The user.</param>
/// <param name="IsAdmin">
/// In <c>admin_users</c>, or the system user that runs the proxy; else only in <c>stats_users</c>.
/// </param>
internal readonly record struct ConsoleUser(string Name, bool IsAdmin);

/// <summary>Opens the admin console; the engine is given one and never sees what is behind it.</summary>
internal interface IConsoleFactory
{
    /// <summary>
    /// One client's console. Authentication, parameters and the first ReadyForQuery are the session's job.
    /// </summary>
    IConsoleSession Open(ConsoleUser user);

    /// <summary>The ParameterStatus messages to send at login, name and value, in order.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Parameters { get; }
}

/// <summary>One client on the console. Not for use by two threads at once.</summary>
internal interface IConsoleSession
{
    /// <summary>
    /// Answers one frontend message. Completes when the answer is written; PAUSE, SUSPEND and WAIT_CLOSE can take long.
    /// </summary>
    /// <param name="type">The message's type byte.</param>
    /// <param name="body">Its body, without type and length; valid until the task completes.</param>
    /// <param name="output">Takes the answer; a result that would not fit in it becomes an error (54000).</param>
    /// <param name="cancellation">The client is gone, or sent a cancel request for this console.</param>
    ValueTask<ConsoleOutcome> HandleAsync(
        byte type,
        ReadOnlyMemory<byte> body,
        MessageWriter output,
        CancellationToken cancellation
    );
}

/// <summary>What the session does after it has sent the answer.</summary>
internal enum ConsoleOutcome
{
    /// <summary>Reads on.</summary>
    Continue,

    /// <summary>Closes the connection: Terminate, or a message that makes no sense.</summary>
    Close,
}
