// Proposed indexes as recommendations.
using System.Globalization;
using Drover.Operations;

namespace Drover.Advice.Indexes;

/// <summary>Puts a study's outcome in words.</summary>
internal static class MissingIndexAdvice
{
    /// <summary>One for each proposed index, and one for what was not permitted.</summary>
    public static IEnumerable<Recommendation> Of(IndexStudyResult study, string role)
    {
        foreach (IndexProposal proposal in study.Proposals)
        {
            yield return Of(proposal, study);
        }
        if (study is { Denied: { } denied, Proposals.Count: 0 })
        {
            yield return new Recommendation(
                "study-statements",
                role,
                Gain.Insight,
                1,
                $"statements of the workload cannot be planned: {denied}",
                "which indexes are missing, over all statements",
                "none",
                "the role may read every table: only who may run a statement may have it planned",
                $"GRANT pg_read_all_data TO {role}",
                $"REVOKE pg_read_all_data FROM {role}"
            );
        }
    }

    private static Recommendation Of(IndexProposal proposal, IndexStudyResult study)
    {
        IndexCandidate index = proposal.Candidate;
        Workload workload = study.Workload!;
        HelpedStatement first = proposal.Helped[0];
        double ms = proposal.Helped.Sum(static one => one.Statement.Load.Milliseconds);
        double all = Math.Max(1, workload.Milliseconds);
        IndexPrice price = proposal.Price;
        double saved = proposal.SavedMsPerDay * workload.Days;
        return new Recommendation(
            "missing-index",
            index.Subject,
            Gain.Time,
            proposal.SavedMsPerDay / 1000,
            Text($"{Counted(proposal.Helped.Count)} with {ms / all:P0} of all time ({ms / 1000:N1} s in ")
                + Text($"{Span(workload.Days)}) would use it, the first: {first.Statement.Shortened()}"),
            Text($"about {proposal.SavedMsPerDay / 1000:N1} s a day, {saved / all:P0} of ")
                + Text($"all time; the first one's cost goes from {first.Before:N0} to {first.After:N0} ")
                + (
                    study.IsHypothetical
                        ? "(a hypothetical index: HypoPG)"
                        : "(an estimate from the planner's statistics)"
                ),
            Text($"{ByteText.Of(price.Bytes)}; {price.EntriesPerDay:N0} entries to write a day")
                + (price.LostHotPerDay >= 1 ? Text($", {price.LostHotPerDay:N0} updates a day are no longer HOT") : "")
                + Text($": {price.MillisecondsPerDay / 1000:N1} s a day"),
            "none for results; built beside the traffic, reading the table twice. Judged by plans for any value, not "
                + "for yours: drover index apply looks whether the gain came",
            index.Table.IsPartitioned
                ? $"drover index apply {Recommendation.IdOf("missing-index", index.Subject)}"
                : $"CREATE INDEX CONCURRENTLY {proposal.Name} ON {index.Table.Quoted} {index.Body}",
            proposal.Order.Undo
        )
        {
            Build = proposal.Order,
            Helped = proposal.Helped,
        };
    }

    private static string Counted(int statements) =>
        statements == 1 ? "1 statement" : Text($"{statements:N0} statements");

    // A workload of less than an hour is taken for one of an hour.
    private static string Span(double days) =>
        (days * 24) switch
        {
            <= 1 => "an hour or less",
            < 48 and var hours => Text($"{hours:0.#} hours"),
            _ => Text($"{days:0} days"),
        };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
