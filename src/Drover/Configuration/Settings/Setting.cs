// One setting: what it is called, means and accepts, and how it is read from and written to an options record.
namespace Drover.Configuration.Settings;

/// <summary>The form of a setting's value.</summary>
internal enum SettingKind
{
    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>0 or 1; true or false in drover.toml.</summary>
    Boolean,

    /// <summary>A length of time.</summary>
    Duration,

    /// <summary>Any text.</summary>
    Text,

    /// <summary>Texts with commas between them; an array in drover.toml.</summary>
    List,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>A file mode, in octal.</summary>
    FileMode,

    /// <summary>A number with a fraction, kept exactly as it is written.</summary>
    Amount,
}

/// <summary>When a changed setting takes hold.</summary>
internal enum SettingReload
{
    /// <summary>On RELOAD or SIGHUP.</summary>
    OnReload,

    /// <summary>When the process is started again.</summary>
    Restart,
}

/// <summary>Where a setting comes from.</summary>
internal enum SettingOrigin
{
    /// <summary>PgBouncer has it too.</summary>
    PgBouncer,

    /// <summary>Drover's own.</summary>
    Drover,
}

/// <summary>Options with the value set, or null and what is wrong with the text.</summary>
internal delegate TOptions? SettingSetter<TOptions>(TOptions options, string text, out string problem)
    where TOptions : class;

/// <summary>A setting of <typeparamref name="TOptions"/>: the one place that knows all about it.</summary>
internal sealed record Setting<TOptions>
    where TOptions : class
{
    /// <summary>The name in files and on the console.</summary>
    public required string Name { get; init; }

    /// <summary>The form of the value.</summary>
    public required SettingKind Kind { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Meaning { get; init; }

    /// <summary>Reads PgBouncer's spelling of a value into options.</summary>
    public required SettingSetter<TOptions> Set { get; init; }

    /// <summary>
    /// The value in PgBouncer's spelling; null when it is not set. Secrets in clear: see
    /// <see cref="Show"/>.
    /// </summary>
    public required Func<TOptions, string?> Format { get; init; }

    /// <summary>Unit of a bare number; null when it has none.</summary>
    public string? Unit { get; init; }

    /// <summary>The words of a choice.</summary>
    public TextList Words { get; init; } = TextList.Empty;

    /// <summary>When a change takes hold.</summary>
    public SettingReload Reload { get; init; }

    /// <summary>Whose setting it is.</summary>
    public SettingOrigin Origin { get; init; }

    /// <summary>Older names that are read as this one.</summary>
    public TextList Aliases { get; init; } = TextList.Empty;

    /// <summary>True when the value must never be shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Why Drover reads it and does nothing with it; null when it works.</summary>
    public string? NoEffect { get; init; }

    /// <summary>The value for people: null when not set, stars when it is a secret.</summary>
    public string? Show(TOptions options)
    {
        string? text = Format(options);
        return IsSecret && !string.IsNullOrEmpty(text) ? "***" : text;
    }
}
