// What loading a configuration gives: options, or every error at once.
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Drover.Configuration;

/// <summary>The format of a configuration file.</summary>
internal enum ConfigurationKind
{
    /// <summary>drover.toml.</summary>
    Toml,

    /// <summary>pgbouncer.ini.</summary>
    PgBouncerIni,
}

/// <summary>Options, or every reason why there are none.</summary>
internal sealed record ConfigurationResult
{
    private ConfigurationResult(
        DroverOptions? options,
        ImmutableArray<ConfigurationError> errors,
        ImmutableArray<ConfigurationNotice> warnings
    )
    {
        Options = options;
        Errors = errors;
        Warnings = warnings;
    }

    /// <summary>The options; null when there are errors.</summary>
    public DroverOptions? Options { get; }

    /// <summary>All errors: first those of single lines, in the order of the file.</summary>
    public ImmutableArray<ConfigurationError> Errors { get; }

    /// <summary>All warnings, whether or not there are errors.</summary>
    public ImmutableArray<ConfigurationNotice> Warnings { get; }

    /// <summary>True when there are options.</summary>
    [MemberNotNullWhen(true, nameof(Options))]
    public bool IsValid => Options is not null;

    /// <summary>A configuration that holds.</summary>
    public static ConfigurationResult Valid(DroverOptions options) => new(options, [], options.Warnings);

    /// <summary>A configuration that is refused.</summary>
    public static ConfigurationResult Invalid(
        ImmutableArray<ConfigurationError> errors,
        ImmutableArray<ConfigurationNotice> warnings
    ) => new(null, errors, warnings);
}
