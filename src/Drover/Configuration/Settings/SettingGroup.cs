// Makes settings of one group of options: the group is reached through a lens, so each setting names its property only.
using System.Globalization;

namespace Drover.Configuration.Settings;

/// <summary>
/// Makes settings that read and write a <typeparamref name="TGroup"/> inside <typeparamref name="TOptions"/>.
/// </summary>
/// <param name="get">The group in the options.</param>
/// <param name="put">The options with another group.</param>
internal sealed class SettingGroup<TOptions, TGroup>(Func<TOptions, TGroup> get, Func<TOptions, TGroup, TOptions> put)
    where TOptions : class
{
    /// <summary>Drover's bound on texts and numbers that have none of their own.</summary>
    private const long IntegerMax = int.MaxValue;

    public Setting<TOptions> Integer(
        string name,
        Func<TGroup, int> read,
        Func<TGroup, int, TGroup> write,
        string meaning,
        int min = 0,
        int max = int.MaxValue,
        string? unit = null
    ) => OptionalInteger(name, g => read(g), (g, v) => write(g, v ?? min), meaning, min, max, unit);

    /// <summary>An integer that may be absent; -1 is PgBouncer's way to say so, and for some settings 0 too.</summary>
    public Setting<TOptions> OptionalInteger(
        string name,
        Func<TGroup, int?> read,
        Func<TGroup, int?, TGroup> write,
        string meaning,
        int min = 0,
        int max = int.MaxValue,
        string? unit = null,
        bool minusOneIsUnset = false,
        bool zeroIsUnset = false
    ) =>
        Make(
            name,
            SettingKind.Integer,
            meaning,
            g => read(g)?.ToString(CultureInfo.InvariantCulture),
            (TGroup group, string text, out string problem) =>
            {
                bool unset = minusOneIsUnset && text == "-1";
                problem =
                    unset || (SettingText.TryInteger(text, out long value) && value >= min && value <= max)
                        ? ""
                        : SettingText.RangeProblem(min, max);
                _ = SettingText.TryInteger(text, out value);
                unset |= zeroIsUnset && value == 0;
                return problem.Length > 0 ? default : write(group, unset ? null : (int)value);
            }
        ) with
        {
            Unit = unit,
        };

    public Setting<TOptions> Bytes(
        string name,
        Func<TGroup, long> read,
        Func<TGroup, long, TGroup> write,
        string meaning,
        long min,
        long max = IntegerMax
    ) =>
        Make(
            name,
            SettingKind.Integer,
            meaning,
            g => read(g).ToString(CultureInfo.InvariantCulture),
            (TGroup group, string text, out string problem) =>
            {
                bool fits = SettingText.TryInteger(text, out long value) && value >= min && value <= max;
                problem = fits ? "" : SettingText.RangeProblem(min, max);
                return fits ? write(group, value) : default;
            }
        ) with
        {
            Unit = "bytes",
        };

    public Setting<TOptions> FileMode(
        string name,
        Func<TGroup, int> read,
        Func<TGroup, int, TGroup> write,
        string meaning
    ) =>
        Make(
            name,
            SettingKind.FileMode,
            meaning,
            g => "0" + Convert.ToString(read(g), 8),
            (TGroup group, string text, out string problem) =>
            {
                bool fits = SettingText.TryInteger(text, out long value) && value is >= 0 and <= 0x1FF;
                problem = fits ? "" : "is not a file mode: write it in octal, from 0000 to 0777";
                return fits ? write(group, (int)value) : default;
            }
        );

    /// <summary>An amount that may be absent, exact to the digits that are written.</summary>
    public Setting<TOptions> Amount(
        string name,
        Func<TGroup, decimal?> read,
        Func<TGroup, decimal?, TGroup> write,
        string meaning
    ) =>
        Make(
            name,
            SettingKind.Amount,
            meaning,
            g => read(g)?.ToString(CultureInfo.InvariantCulture),
            (TGroup group, string text, out string problem) =>
            {
                bool fits = SettingText.TryAmount(text, out decimal value);
                problem = fits ? "" : SettingText.AmountProblem;
                return fits ? write(group, value) : default;
            }
        );

    public Setting<TOptions> Boolean(
        string name,
        Func<TGroup, bool> read,
        Func<TGroup, bool, TGroup> write,
        string meaning
    ) =>
        Make(
            name,
            SettingKind.Boolean,
            meaning,
            g => read(g) ? "1" : "0",
            (TGroup group, string text, out string problem) =>
            {
                bool fits = SettingText.TryBoolean(text, out bool value);
                problem = fits ? "" : "is neither 0 nor 1";
                return fits ? write(group, value) : default;
            }
        );

    public Setting<TOptions> Duration(
        string name,
        Func<TGroup, TimeSpan> read,
        Func<TGroup, TimeSpan, TGroup> write,
        string meaning,
        bool milliseconds = false
    ) => MakeDuration(name, g => read(g), write, meaning, milliseconds);

    /// <summary>A length of time of an entry; 0 is PgBouncer's way to say that it is absent.</summary>
    public Setting<TOptions> OptionalDuration(
        string name,
        Func<TGroup, TimeSpan?> read,
        Func<TGroup, TimeSpan?, TGroup> write,
        string meaning
    ) => MakeDuration(name, read, (g, v) => write(g, v == TimeSpan.Zero ? null : v), meaning, milliseconds: false);

    private Setting<TOptions> MakeDuration(
        string name,
        Func<TGroup, TimeSpan?> read,
        Func<TGroup, TimeSpan, TGroup> write,
        string meaning,
        bool milliseconds
    )
    {
        TimeSpan unit = milliseconds ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(1);
        return Make(
            name,
            SettingKind.Duration,
            meaning,
            g => read(g) is { } value ? SettingText.FormatDuration(value, unit) : null,
            (TGroup group, string text, out string problem) =>
            {
                bool fits = SettingText.TryDuration(text, unit, out TimeSpan value);
                problem = fits
                    ? ""
                    : "is not a length of time: write a number of "
                        + (milliseconds ? "milliseconds" : "seconds")
                        + " that is not negative, such as 15 or 0.5";
                return fits ? write(group, value) : default;
            }
        ) with
        {
            Unit = milliseconds ? "milliseconds" : "seconds",
        };
    }

    /// <summary>Text; empty means not set.</summary>
    public Setting<TOptions> Text(
        string name,
        Func<TGroup, string?> read,
        Func<TGroup, string, TGroup> write,
        string meaning
    ) =>
        Make(
            name,
            SettingKind.Text,
            meaning,
            read,
            (TGroup group, string text, out string problem) =>
            {
                problem = text.Contains('\0', StringComparison.Ordinal) ? "holds a zero byte" : "";
                return problem.Length == 0 ? write(group, text) : default;
            }
        );

    public Setting<TOptions> List(
        string name,
        Func<TGroup, TextList> read,
        Func<TGroup, TextList, TGroup> write,
        string meaning
    ) =>
        Make(
            name,
            SettingKind.List,
            meaning,
            g => read(g).ToString(),
            (TGroup group, string text, out string problem) =>
            {
                problem = "";
                return write(group, TextList.Split(text));
            }
        );

    public Setting<TOptions> Choice<TValue>(
        string name,
        ChoiceWords<TValue> words,
        Func<TGroup, TValue?> read,
        Func<TGroup, TValue, TGroup> write,
        string meaning
    )
        where TValue : struct, Enum =>
        Make(
            name,
            SettingKind.Choice,
            meaning,
            g => read(g) is { } value ? words.Format(value) : null,
            (TGroup group, string text, out string problem) =>
            {
                bool fits = words.TryParse(text, out TValue value);
                problem = fits ? "" : $"is none of {string.Join(", ", words.Words)}";
                return fits ? write(group, value) : default;
            }
        ) with
        {
            Words = words.Words,
        };

    /// <summary>The versions of TLS, by name or by PgBouncer's short cuts.</summary>
    public Setting<TOptions> Protocols(
        string name,
        Func<TGroup, TlsProtocols> read,
        Func<TGroup, TlsProtocols, TGroup> write,
        string meaning
    ) =>
        Make(
            name,
            SettingKind.List,
            meaning,
            g => TlsProtocolText.Format(read(g)),
            (TGroup group, string text, out string problem) =>
            {
                bool fits = TlsProtocolText.TryParse(text, out TlsProtocols value);
                problem = fits ? "" : "is not a list of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3, secure, all";
                return fits ? write(group, value) : default;
            }
        );

    private delegate TGroup? GroupSetter(TGroup group, string text, out string problem);

    private Setting<TOptions> Make(
        string name,
        SettingKind kind,
        string meaning,
        Func<TGroup, string?> format,
        GroupSetter set
    ) =>
        new()
        {
            Name = name,
            Kind = kind,
            Meaning = meaning,
            Format = options => format(get(options)),
            Set = (TOptions options, string text, out string problem) =>
            {
                TGroup? group = set(get(options), text, out problem);
                return problem.Length > 0 || group is null ? null : put(options, group);
            },
        };
}
