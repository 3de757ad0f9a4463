// What went wrong with a local PostgreSQL, and what the person at the terminal can do about it.
namespace Drover.App.LocalPostgres;

/// <summary>A local PostgreSQL could not be found, started or stopped; the message says what to do next.</summary>
internal sealed class LocalPostgresException : Exception
{
    /// <summary>An error with a message for a person.</summary>
    public LocalPostgresException(string message)
        : base(message) { }

    /// <summary>An error with a message for a person and its cause.</summary>
    public LocalPostgresException(string message, Exception innerException)
        : base(message, innerException) { }
}
