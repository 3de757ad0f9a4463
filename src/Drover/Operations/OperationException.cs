// How a step or the engine says that a run cannot go on, and why, and what to do.
namespace Drover.Operations;

/// <summary>Why an operation ended; the commands' exit codes.</summary>
internal enum OperationOutcome
{
    /// <summary>Done, or at the gate that was asked for.</summary>
    Done = 0,

    /// <summary>A step or a server failed.</summary>
    Failed = 1,

    /// <summary>The command line is wrong.</summary>
    Usage = 2,

    /// <summary>The preflight refuses, or consent is missing.</summary>
    Refused = 3,

    /// <summary>A verification found differences.</summary>
    Differences = 4,

    /// <summary>Another operator has taken over the run.</summary>
    TakenOver = 5,

    /// <summary>Ctrl-C; the run is paused.</summary>
    Interrupted = 130,
}

/// <summary>A run cannot go on. The message says what is wrong and what to do, without values of rows.</summary>
internal sealed class OperationException : Exception
{
    /// <summary>A run that cannot go on.</summary>
    public OperationException(string message, OperationOutcome outcome = OperationOutcome.Failed)
        : base(message) => Outcome = outcome;

    /// <summary>A run that cannot go on because of something else.</summary>
    public OperationException(string message, Exception cause, OperationOutcome outcome = OperationOutcome.Failed)
        : base(message, cause) => Outcome = outcome;

    /// <summary>The exit code of the command.</summary>
    public OperationOutcome Outcome { get; }
}
