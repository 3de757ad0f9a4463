// Names of indexes to come: as PostgreSQL would give them, and free.
using System.Text;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Indexes;

/// <summary>table_column_column_idx, shortened to 63 bytes, with a number where it is taken.</summary>
internal static class IndexNames
{
    private const int LengthMax = 63;

    // An index of the same table that is not valid is what a failed build left: the next one drops it first.
    private const string IsTaken = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_class c
            WHERE c.oid = pg_catalog.to_regclass(format('%I.%I', $1::text, $2::text))
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid AND NOT i.indisvalid
                              AND i.indrelid = pg_catalog.to_regclass($3)))
        """;

    /// <summary>Gives each proposal its name.</summary>
    public static async Task<IReadOnlyList<IndexProposal>> GiveAsync(
        NpgsqlConnection connection,
        IReadOnlyList<IndexProposal> proposals,
        CancellationToken cancellation
    )
    {
        List<IndexProposal> named = [];
        HashSet<(string, string)> given = [];
        foreach (IndexProposal proposal in proposals)
        {
            WorkloadTable table = proposal.Candidate.Table;
            string stem = $"{table.Name}_{string.Join('_', proposal.Candidate.Keys.Select(static key => key.Name))}";
            string name = "";
            for (int number = 0; name.Length == 0; number++)
            {
                string tried = Shorten(stem, number == 0 ? "_idx" : $"_idx{number}");
                bool isTaken =
                    await connection.ScalarAsync(IsTaken, [table.Schema, tried, table.Quoted], cancellation) is true;
                name = !isTaken && given.Add((table.Schema, tried)) ? tried : "";
            }
            string quoted = (string)
                (await connection.ScalarAsync("SELECT pg_catalog.quote_ident($1::text)", [name], cancellation))!;
            named.Add(proposal with { Name = quoted });
        }
        return named;
    }

    /// <summary>A stem and an ending in at most 63 bytes of UTF-8.</summary>
    internal static string Shorten(string stem, string ending)
    {
        while (Encoding.UTF8.GetByteCount(stem) + ending.Length > LengthMax)
        {
            // A pair of surrogates is one letter.
            stem = stem[..^(stem.Length > 1 && char.IsLowSurrogate(stem[^1]) ? 2 : 1)];
        }
        return stem + ending;
    }
}
