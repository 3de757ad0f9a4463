// The outcome of an administrative command as a value.
using System.Diagnostics.CodeAnalysis;

namespace Drover.Administration;

/// <summary>Done, or why not.</summary>
internal readonly record struct AdministrationResult
{
    /// <summary>The code that PgBouncer's console gives with nearly every error: protocol_violation.</summary>
    public const string DefaultSqlState = "08P01";

    /// <summary>PostgreSQL's config_file_error, for a reload that was refused.</summary>
    public const string ConfigurationFileError = "F0000";

    /// <summary>It is done.</summary>
    public static readonly AdministrationResult Ok;

    private AdministrationResult(string error, string sqlState, string? hint)
    {
        Error = error;
        SqlState = sqlState;
        Hint = hint;
    }

    /// <summary>Null: done. Else what is wrong, as the operator reads it.</summary>
    public string? Error { get; }

    /// <summary>The error's code; null when done.</summary>
    public string? SqlState { get; }

    /// <summary>What to do about it.</summary>
    public string? Hint { get; }

    /// <summary>Whether it is done.</summary>
    [MemberNotNullWhen(false, nameof(Error), nameof(SqlState))]
    public bool Succeeded => Error is null;

    /// <summary>It is not done.</summary>
    public static AdministrationResult Failed(string error, string sqlState = DefaultSqlState, string? hint = null) =>
        new(error, sqlState, hint);

    /// <summary>The failure that names a database which is not there.</summary>
    public static AdministrationResult NoSuchDatabase(string database) =>
        Failed($"no such database: {database}", hint: "SHOW DATABASES lists them.");
}
