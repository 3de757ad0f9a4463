// Triggers and rules of the table that a partitioned table cannot have, or that would act otherwise there.
using System.Text.RegularExpressions;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static partial class TriggerFindings
{
    /// <summary>How names of the mirror's triggers begin; triggers fire in the byte order of their names.</summary>
    private const string Mirror = "!drover_";

    public static IEnumerable<Finding> Of(TableDescription table, PreflightRequest request)
    {
        foreach (TriggerDescription trigger in table.Triggers)
        {
            foreach (Finding finding in Of(trigger, request))
            {
                yield return finding;
            }
        }
        foreach (RuleDescription rule in table.Rules)
        {
            yield return new Finding(
                "rule",
                FindingSeverity.Info,
                rule.Name,
                "It is made again on the new table, and sleeps on the old one.",
                "Nothing needs to be done."
            );
        }
        if (table.IsRowSecurityEnabled || table.Policies.Length > 0)
        {
            yield return new Finding(
                "row-security",
                FindingSeverity.Info,
                $"{table.Policies.Length} policies",
                "They are made again on the new table. A partition that is used by its own name has no policies.",
                "Grant nothing on partitions to roles that policies restrict."
            );
        }
    }

    private static IEnumerable<Finding> Of(TriggerDescription trigger, PreflightRequest request)
    {
        if (trigger is { IsForEachRow: true, HasTransitionTables: true })
        {
            yield return new Finding(
                "row-trigger-with-transition-table",
                FindingSeverity.Refuse,
                trigger.Name,
                "A partitioned table cannot have a row trigger with transition tables.",
                "Make it FOR EACH STATEMENT, or do without REFERENCING."
            );
        }
        if (trigger is { IsForEachRow: true, Timing: TriggerTiming.Before } && (trigger.OnInsert || trigger.OnUpdate))
        {
            foreach (Finding finding in BeforeRow(trigger, request.Key))
            {
                yield return finding;
            }
        }
        if (trigger.Timing != TriggerTiming.Before && string.CompareOrdinal(trigger.Name, Mirror) < 0)
        {
            yield return new Finding(
                "trigger-before-mirror",
                FindingSeverity.Info,
                $"\"{trigger.Name}\"",
                "It fires before the mirror. If it writes to the table itself, those rows are noted and swept, not "
                    + "mirrored "
                    + "at once: right, and slower.",
                "Rename it to begin with a letter if that happens often."
            );
        }
        if (trigger is { IsForEachRow: false, OnTruncate: true })
        {
            yield return new Finding(
                "truncate-trigger",
                FindingSeverity.Info,
                trigger.Name,
                "TRUNCATE of a single partition does not fire the table's trigger.",
                "Truncate the table, not partitions."
            );
        }
        if (trigger.Enabled is EnabledState.Replica or EnabledState.Always)
        {
            yield return new Finding(
                "trigger-state",
                FindingSeverity.Info,
                $"{trigger.Name} ({trigger.Enabled})",
                "Its state is kept.",
                "Nothing needs to be done."
            );
        }
    }

    // TRAPS 28 and 37. PostgreSQL chooses the partition first and fails if the row then belongs into another.
    private static IEnumerable<Finding> BeforeRow(TriggerDescription trigger, string key)
    {
        string source = Comments().Replace(trigger.FunctionSource, " ");
        bool isReadable = trigger.FunctionLanguage is "plpgsql";
        if (isReadable && SetsKey(source, key))
        {
            yield return new Finding(
                "before-trigger-sets-key",
                FindingSeverity.Refuse,
                trigger.Name,
                $"Its function {trigger.Function} sets {key}. On a partitioned table the row would have to move to "
                    + "another "
                    + "partition, and the statement fails.",
                $"Give {key} a DEFAULT in place of the trigger, or set it in the application."
            );
        }
        else if (!isReadable || ReplacesRow().IsMatch(source))
        {
            yield return new Finding(
                "before-trigger",
                FindingSeverity.Consent,
                trigger.Name,
                $"It cannot be seen whether {trigger.Function} ({trigger.FunctionLanguage}) changes {key}. If it "
                    + "does, the "
                    + "statement fails on a partitioned table.",
                $"Make sure that it leaves {key} alone.",
                Consent.BeforeTriggers
            );
        }
    }

    private static bool SetsKey(string source, string key)
    {
        string column = Regex.Escape(key);
        return Regex.IsMatch(
            source,
            $"""(^|;|\b(BEGIN|THEN|ELSE|LOOP|INTO)\b|,)\s*NEW\s*\.\s*("{column}"|\b{column}\b)\s*(:=|=|,|;|FROM\b)""",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
        );
    }

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    // NEW := …, SELECT … INTO NEW, and an EXECUTE that might do either.
    [GeneratedRegex(
        @"\bNEW\s*:?=[^=]|\bINTO\s+(STRICT\s+)?NEW\b|\bRETURN\s+(?!NEW\b|NULL\b|OLD\b)\w",
        RegexOptions.IgnoreCase
    )]
    private static partial Regex ReplacesRow();
}
