// ErrorResponse and NoticeResponse: the same fields, the one ends a command, the other does not.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>ErrorResponse.</summary>
public static class ErrorResponse
{
    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out DiagnosticFields fields) =>
        DiagnosticFields.TryRead(body, out fields);

    /// <summary>Writes the message; fields that are null are left out.</summary>
    public static void Write(
        MessageWriter writer,
        string severity,
        string sqlState,
        string message,
        string? detail = null,
        string? hint = null,
        string? routine = null,
        string? context = null
    ) =>
        DiagnosticFields.Write(
            writer,
            BackendType.ErrorResponse,
            severity,
            sqlState,
            message,
            detail,
            hint,
            routine,
            context
        );
}

/// <summary>NoticeResponse; may come at any time.</summary>
public static class NoticeResponse
{
    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out DiagnosticFields fields) =>
        DiagnosticFields.TryRead(body, out fields);

    /// <summary>Writes the message; fields that are null are left out.</summary>
    public static void Write(
        MessageWriter writer,
        string severity,
        string sqlState,
        string message,
        string? detail = null,
        string? hint = null,
        string? routine = null
    ) =>
        DiagnosticFields.Write(
            writer,
            BackendType.NoticeResponse,
            severity,
            sqlState,
            message,
            detail,
            hint,
            routine,
            null
        );
}
