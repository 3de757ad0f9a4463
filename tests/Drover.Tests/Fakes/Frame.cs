// A message as a fake peer received it.
using System.Text;
using Drover.Protocol.Messages.Backend;

namespace Drover.Tests.Fakes;

/// <summary>Type and body; a start-up packet has the type <see cref="Untyped"/>.</summary>
internal sealed record Frame(char Type, byte[] Body)
{
    public const char Untyped = '\0';

    /// <summary>The body's first string.</summary>
    public string Text => Encoding.UTF8.GetString(Body.AsSpan(0, Math.Max(0, Body.AsSpan().IndexOf((byte)0))));

    /// <summary>The SQLSTATE of an error or a notice.</summary>
    public string SqlState =>
        ErrorResponse.TryRead(Body, out DiagnosticFields fields) ? Encoding.UTF8.GetString(fields.Code) : "";

    /// <summary>The message of an error or a notice.</summary>
    public string Message =>
        ErrorResponse.TryRead(Body, out DiagnosticFields fields) ? Encoding.UTF8.GetString(fields.Message) : "";

    /// <summary>What a comparison of conversations looks at.</summary>
    public override string ToString() =>
        Type switch
        {
            'E' => $"E {SqlState} {Message}",
            'K' => "K",
            _ => $"{Type} {Encoding.Latin1.GetString(Body).Replace('\0', '~')}",
        };
}
