// What a preflight found: with its consequence and what to do about it.
using System.Text.Json.Serialization;

namespace Drover.Operations.Plans;

/// <summary>What a finding means for the start.</summary>
internal enum FindingSeverity
{
    /// <summary>Worth knowing; nothing needs to be done.</summary>
    [JsonStringEnumMemberName("info")]
    Info,

    /// <summary>Starts only when the operator gives the named flag, which is journaled.</summary>
    [JsonStringEnumMemberName("consent")]
    Consent,

    /// <summary>Would lose data or meaning: does not start.</summary>
    [JsonStringEnumMemberName("refuse")]
    Refuse,
}

/// <summary>One finding of a preflight.</summary>
/// <param name="Code">Stable, in kebab-case.</param>
/// <param name="Severity">What it means for the start.</param>
/// <param name="Subject">What it is about: an object's name as a person knows it.</param>
/// <param name="Consequence">What would happen.</param>
/// <param name="Remedy">What to do about it.</param>
/// <param name="ConsentFlag">
/// The value of <c>--allow</c> that gives consent; null unless the severity is <see cref="FindingSeverity.Consent"/>.
/// </param>
internal sealed record Finding(
    string Code,
    FindingSeverity Severity,
    string Subject,
    string Consequence,
    string Remedy,
    string? ConsentFlag = null
);
