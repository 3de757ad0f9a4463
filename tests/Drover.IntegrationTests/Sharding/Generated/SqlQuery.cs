// A generated query: what it is made of, its text, and the queries that have one piece less.
using System.Collections.Immutable;
using System.Globalization;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>A table, or a query in FROM, and how it is joined to what is before it.</summary>
internal sealed record Source(string Alias, string Table, SqlQuery? Derived, string Join, Term? On)
{
    public void Write(SqlWriter writer, bool isFirst)
    {
        writer.Text.Append(isFirst ? "" : $" {Join} ");
        if (Derived is null)
        {
            writer.Text.Append(Table).Append(' ').Append(Alias);
        }
        else
        {
            writer.Text.Append('(');
            Derived.Write(writer);
            writer.Text.Append(") ").Append(Alias);
        }
        if (!isFirst && On is not null)
        {
            writer.Text.Append(" ON ");
            On.Write(writer);
        }
    }

    public IEnumerable<Source> Shrink() =>
        (On?.Shrink() ?? [])
            .Select(on => this with { On = on })
            .Concat((Derived?.Shrink(keepsOutputs: true) ?? []).Select(derived => this with { Derived = derived }));
}

/// <summary>A SELECT, with another behind a set operation or not.</summary>
internal sealed record SqlQuery
{
    public ImmutableArray<(string Name, SqlQuery Query)> With { get; init; } = [];

    public bool IsDistinct { get; init; }

    public required ImmutableArray<Term> Outputs { get; init; }

    public required ImmutableArray<Source> From { get; init; }

    public ImmutableArray<Term> Where { get; init; } = [];

    public ImmutableArray<Term> GroupBy { get; init; } = [];

    public ImmutableArray<Term> Having { get; init; } = [];

    public string Operation { get; init; } = "";

    public SqlQuery? Other { get; init; }

    /// <summary>Positions of outputs, from 1, with their direction.</summary>
    public ImmutableArray<(int Position, string Direction)> OrderBy { get; init; } = [];

    public Term? Limit { get; init; }

    public Term? Offset { get; init; }

    /// <summary>Whether no two rows that differ can change places.</summary>
    public bool IsOrdered =>
        OrderBy.Select(static one => one.Position).Distinct().Count() == Outputs.Length && Outputs.Length > 0;

    /// <summary>The text, and the values of its parameters.</summary>
    public (string Sql, string[] Values) ToSql(bool hasParameters)
    {
        SqlWriter writer = new(hasParameters);
        Write(writer);
        return (writer.Text.ToString(), [.. writer.Values]);
    }

    public void Write(SqlWriter writer)
    {
        if (With.Length > 0)
        {
            writer.Text.Append("WITH ");
            writer.Join(
                ", ",
                With,
                one =>
                {
                    writer.Text.Append(one.Name).Append(" AS (");
                    one.Query.Write(writer);
                    writer.Text.Append(')');
                }
            );
            writer.Text.Append(' ');
        }
        WriteSelect(writer);
        if (Other is not null)
        {
            writer.Text.Append(' ').Append(Operation).Append(' ');
            Other.WriteSelect(writer);
        }
        if (OrderBy.Length > 0)
        {
            writer.Text.Append(" ORDER BY ");
            writer.Join(
                ", ",
                OrderBy,
                one => writer.Text.Append(CultureInfo.InvariantCulture, $"{one.Position}{one.Direction}")
            );
        }
        WriteOptional(writer, " LIMIT ", Limit);
        WriteOptional(writer, " OFFSET ", Offset);
    }

    /// <summary>Queries with one piece less. Most fail on both sides, which is no failure.</summary>
    /// <param name="keepsOutputs">Whether what is outside needs the outputs.</param>
    public IEnumerable<SqlQuery> Shrink(bool keepsOutputs = false)
    {
        if (Other is not null)
        {
            yield return this with
            {
                Other = null,
                Operation = "",
            };
        }
        foreach (SqlQuery smaller in ShrinkEnds().Concat(keepsOutputs || Other is not null ? [] : ShrinkOutputs()))
        {
            yield return smaller;
        }
        foreach (ImmutableArray<Term> terms in Smaller(Where))
        {
            yield return this with
            {
                Where = terms,
            };
        }
        foreach (ImmutableArray<Term> terms in Smaller(Having))
        {
            yield return this with
            {
                Having = terms,
            };
        }
        foreach (SqlQuery smaller in ShrinkParts())
        {
            yield return smaller;
        }
        foreach (SqlQuery smaller in Other?.Shrink(keepsOutputs: true) ?? [])
        {
            yield return this with
            {
                Other = smaller,
            };
        }
    }

    private IEnumerable<SqlQuery> ShrinkParts()
    {
        for (int i = 1; i < From.Length; i++)
        {
            yield return this with
            {
                From = From.RemoveAt(i),
            };
        }
        for (int i = 0; i < From.Length; i++)
        {
            foreach (Source smaller in From[i].Shrink())
            {
                yield return this with
                {
                    From = From.SetItem(i, smaller),
                };
            }
        }
        for (int i = 0; i < Outputs.Length; i++)
        {
            foreach (Term smaller in Outputs[i].Shrink())
            {
                yield return this with
                {
                    Outputs = Outputs.SetItem(i, smaller),
                };
            }
        }
    }

    private IEnumerable<SqlQuery> ShrinkEnds()
    {
        if (Limit is not null || Offset is not null)
        {
            yield return this with
            {
                Limit = null,
            };
            yield return this with
            {
                Offset = null,
            };
        }
        else if (OrderBy.Length > 0)
        {
            yield return this with
            {
                OrderBy = [],
            };
        }
        if (IsDistinct)
        {
            yield return this with
            {
                IsDistinct = false,
            };
        }
        if (With.Length > 0)
        {
            yield return this with
            {
                With = With.RemoveAt(With.Length - 1),
            };
            for (int i = 0; i < With.Length; i++)
            {
                foreach (SqlQuery smaller in With[i].Query.Shrink(keepsOutputs: true))
                {
                    yield return this with
                    {
                        With = With.SetItem(i, (With[i].Name, smaller)),
                    };
                }
            }
        }
    }

    /// <summary>Without one output, the order's positions after it moved.</summary>
    private IEnumerable<SqlQuery> ShrinkOutputs()
    {
        for (int i = 0; i < Outputs.Length && Outputs.Length > 1; i++)
        {
            int position = i + 1;
            yield return this with
            {
                Outputs = Outputs.RemoveAt(i),
                OrderBy =
                [
                    .. OrderBy
                        .Where(one => one.Position != position)
                        .Select(one => one with { Position = one.Position - (one.Position > position ? 1 : 0) }),
                ],
            };
        }
        foreach (ImmutableArray<Term> terms in Smaller(GroupBy))
        {
            yield return this with
            {
                GroupBy = terms,
            };
        }
    }

    private static IEnumerable<ImmutableArray<Term>> Smaller(ImmutableArray<Term> terms)
    {
        for (int i = 0; i < terms.Length; i++)
        {
            yield return terms.RemoveAt(i);
        }
        for (int i = 0; i < terms.Length; i++)
        {
            foreach (Term smaller in terms[i].Shrink())
            {
                yield return terms.SetItem(i, smaller);
            }
        }
    }

    private void WriteSelect(SqlWriter writer)
    {
        writer.Text.Append(IsDistinct ? "SELECT DISTINCT " : "SELECT ");
        int column = 0;
        writer.Join(
            ", ",
            Outputs,
            output =>
            {
                output.Write(writer);
                writer.Text.Append(CultureInfo.InvariantCulture, $" AS c{++column}");
            }
        );
        writer.Text.Append(" FROM ");
        for (int i = 0; i < From.Length; i++)
        {
            From[i].Write(writer, i == 0);
        }
        WriteList(writer, " WHERE ", " AND ", Where);
        WriteList(writer, " GROUP BY ", ", ", GroupBy);
        WriteList(writer, " HAVING ", " AND ", Having);
    }

    private static void WriteList(SqlWriter writer, string word, string separator, ImmutableArray<Term> terms)
    {
        if (terms.Length > 0)
        {
            writer.Text.Append(word);
            writer.Join(separator, terms, term => term.Write(writer));
        }
    }

    private static void WriteOptional(SqlWriter writer, string word, Term? term)
    {
        if (term is not null)
        {
            writer.Text.Append(word);
            term.Write(writer);
        }
    }
}
