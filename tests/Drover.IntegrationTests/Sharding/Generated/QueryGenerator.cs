// Random queries over the generated tables: keys, joins, subqueries, groups, windows, set operations, order and limits.
using System.Collections.Immutable;
using System.Globalization;

namespace Drover.IntegrationTests.Sharding.Generated;

internal sealed class QueryGenerator
{
    private readonly TermGenerator _terms;
    private int _aliases;
    private int _subqueries;

    public QueryGenerator(Random random)
    {
        _terms = new TermGenerator(random);
        _terms.Subqueries = Subquery;
    }

    /// <summary>A query.</summary>
    public SqlQuery Next()
    {
        (_aliases, _subqueries) = (0, 0);
        SqlQuery query = Body([], depth: 2, kinds: null, ctes: _terms.Chance(10) ? [Cte()] : []);
        if (_terms.Chance(8) && query.GroupBy.IsEmpty && query.Having.IsEmpty)
        {
            // Numbers of one scale: equal ones look alike, whichever is kept.
            ImmutableArray<Term> outputs = [.. query.Outputs.Select(Plain)];
            query = query with
            {
                Outputs = outputs,
                Operation = _terms.Pick<string>(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]),
                Other = Body([], 1, [.. outputs.Select(static one => one.Kind)], []),
            };
        }
        return Ordered(query);
    }

    /// <summary>The condition of a write of one table: its key as often as in an application.</summary>
    public ImmutableArray<Term> Where(GeneratedTable table, string alias)
    {
        (_aliases, _subqueries) = (10, 0);
        return Conditions(Columns(table, alias));
    }

    /// <summary>An expression of a table's columns.</summary>
    public Term Value(Kind kind, GeneratedTable table, string alias) => _terms.Make(kind, Columns(table, alias), 2);

    private static ImmutableArray<ScopeColumn> Columns(GeneratedTable table, string alias) =>
        [
            .. table.Columns.Select(column => new ScopeColumn(
                Term.Of(column.Kind, $"{alias}.{column.Name}"),
                column.Name == table.Key,
                table.Group
            )),
        ];

    private (string Name, SqlQuery Query) Cte() => ($"w{++_aliases}", Body([], 1, null, []));

    private SqlQuery Subquery(Kind kind, IReadOnlyList<ScopeColumn> outer)
    {
        if (++_subqueries > 3)
        {
            // Enough of them.
            return new SqlQuery
            {
                Outputs = [_terms.Constant(kind)],
                From = [Table(Products, "p")],
                Where = [One],
            };
        }
        SqlQuery query = Body(outer, 0, [kind], []);
        // One row at most, as an expression needs it; IN and EXISTS do not mind.
        return query with
        {
            Outputs = [new Term(kind, kind == Kind.Boolean ? "bool_or({0})" : "max({0})", [Plain(query.Outputs[0])])],
            IsDistinct = false,
            GroupBy = [],
            Having = [],
        };
    }

    private static GeneratedTable Products => GeneratedSchema.Tables[0];

    private static Term One => Term.Of(Kind.Boolean, "(p.id = 1)");

    private SqlQuery Body(
        IReadOnlyList<ScopeColumn> outer,
        int depth,
        ImmutableArray<Kind>? kinds,
        ImmutableArray<(string Name, SqlQuery Query)> ctes
    )
    {
        List<ScopeColumn> scope = [];
        ImmutableArray<Source> from = From(scope, depth, ctes);
        List<ScopeColumn> all = [.. scope, .. outer];
        SqlQuery query = new()
        {
            With = ctes,
            From = from,
            Where = Correlated(scope, outer).AddRange(Conditions(all)),
            Outputs = kinds is { } wanted
                ? [.. wanted.Select(kind => _terms.Make(kind, scope, 1))]
                : [.. Enumerable.Range(0, _terms.Pick<int>([1, 2, 3, 4])).Select(_ => _terms.Any(scope, depth))],
        };
        if (kinds is not null)
        {
            return query;
        }
        return _terms.Pick<int>([0, 0, 1, 1, 2, 3]) switch
        {
            1 => Grouped(query, scope),
            2 => query with { Outputs = query.Outputs.Add(_terms.Window(scope)) },
            3 => query with { IsDistinct = true, Outputs = [.. query.Outputs.Select(Plain)] },
            _ => query,
        };
    }

    /// <summary>Numbers of one scale.</summary>
    private static Term Plain(Term term) =>
        term.Kind == Kind.Numeric ? Term.Of(Kind.Numeric, "round({0}, 2)", term) : term;

    private SqlQuery Grouped(SqlQuery query, List<ScopeColumn> scope)
    {
        int keys = _terms.Pick<int>([0, 1, 1, 2]);
        ImmutableArray<Term> by =
        [
            .. Enumerable
                .Range(0, keys)
                .Select(_ => Plain(_terms.Chance(70) ? _terms.Pick(scope).Term : _terms.Any(scope, 1))),
        ];
        IEnumerable<Term> shown = by.Where(_ => _terms.Chance(85));
        IEnumerable<Term> aggregates = Enumerable
            .Range(0, _terms.Pick<int>([1, 1, 2, 3]))
            .Select(_ => _terms.Aggregate(scope, 1));
        return query with
        {
            Outputs = [.. shown, .. aggregates],
            GroupBy = by,
            Having = _terms.Chance(20)
                ?
                [
                    Term.Of(
                        Kind.Boolean,
                        "({0} > {1})",
                        Term.Of(Kind.Bigint, "count(*)"),
                        Term.Constant(Kind.Bigint, "1")
                    ),
                ]
                : [],
        };
    }

    private SqlQuery Ordered(SqlQuery query)
    {
        if (!_terms.Chance(50))
        {
            return query;
        }
        IEnumerable<int> positions = Enumerable
            .Range(1, query.Outputs.Length)
            .OrderBy(_ => _terms.Pick<int>([1, 2, 3, 4]));
        query = query with { OrderBy = [.. positions.Select(position => (position, _terms.Direction()))] };
        if (!_terms.Chance(50))
        {
            return query;
        }
        return query with
        {
            Limit = _terms.Chance(80) ? Term.Constant(Kind.Bigint, _terms.Pick<string>(["0", "1", "3", "10"])) : null,
            Offset = _terms.Chance(30) ? Term.Constant(Kind.Bigint, _terms.Pick<string>(["0", "1", "4"])) : null,
        };
    }

    private ImmutableArray<Source> From(List<ScopeColumn> scope, int depth, ImmutableArray<(string, SqlQuery)> ctes)
    {
        List<Source> sources = [];
        int count = _terms.Pick<int>([1, 1, 1, 2, 2, 3]);
        for (int i = 0; i < count; i++)
        {
            string alias = $"t{++_aliases}";
            (Source source, ImmutableArray<ScopeColumn> columns) = Relation(alias, depth, i == 0 ? ctes : []);
            if (i > 0)
            {
                string join = _terms.Pick<string>(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
                Term on = JoinCondition(scope, columns);
                source = source with { Join = join, On = on };
            }
            sources.Add(source);
            scope.AddRange(columns);
        }
        return [.. sources];
    }

    private (Source Source, ImmutableArray<ScopeColumn> Columns) Relation(
        string alias,
        int depth,
        ImmutableArray<(string Name, SqlQuery Query)> ctes
    )
    {
        if (ctes is [var cte])
        {
            return (new Source(alias, cte.Name, null, "", null), Columns(cte.Query, alias));
        }
        if (depth > 1 && _terms.Chance(10))
        {
            SqlQuery derived = Body([], 1, null, []);
            return (new Source(alias, "", derived, "", null), Columns(derived, alias));
        }
        GeneratedTable table = _terms.Pick(GeneratedSchema.Tables);
        return (Table(table, alias), Columns(table, alias));
    }

    private static Source Table(GeneratedTable table, string alias) => new(alias, table.Name, null, "", null);

    private static ImmutableArray<ScopeColumn> Columns(SqlQuery query, string alias) =>
        [
            .. query.Outputs.Select(
                (output, i) =>
                    new ScopeColumn(
                        Term.Of(output.Kind, string.Create(CultureInfo.InvariantCulture, $"{alias}.c{i + 1}")),
                        false,
                        0
                    )
            ),
        ];

    /// <summary>Equality of keys where there are some, else of any two columns of a type.</summary>
    private Term JoinCondition(List<ScopeColumn> scope, ImmutableArray<ScopeColumn> columns)
    {
        Term? key = columns.FirstOrDefault(static one => one.IsKey)?.Term;
        Term? other =
            key is null || !_terms.Chance(75)
                ? null
                : scope.FirstOrDefault(one => one.IsKey && one.Term.Kind == key.Kind)?.Term;
        if (other is not null)
        {
            return Term.Of(Kind.Boolean, "{0} = {1}", key!, other);
        }
        Kind kind = _terms.Pick<Kind>([Kind.Bigint, Kind.Bigint, Kind.Integer, Kind.Text]);
        return Term.Of(Kind.Boolean, "{0} = {1}", _terms.Make(kind, columns, 0), _terms.Make(kind, scope, 0));
    }

    private ImmutableArray<Term> Correlated(List<ScopeColumn> scope, IReadOnlyList<ScopeColumn> outer)
    {
        ScopeColumn? key = scope.Find(static one => one.IsKey);
        ScopeColumn? same = outer.FirstOrDefault(one => one.IsKey && one.Group == key?.Group);
        return key is not null && same is not null && _terms.Chance(80)
            ? [Term.Of(Kind.Boolean, "{0} = {1}", key.Term, same.Term)]
            : [];
    }

    private ImmutableArray<Term> Conditions(IReadOnlyList<ScopeColumn> scope)
    {
        List<Term> conditions = [];
        List<ScopeColumn> keys = [.. scope.Where(static one => one.IsKey)];
        if (keys.Count > 0 && _terms.Chance(45))
        {
            conditions.Add(_terms.KeyCondition(_terms.Pick(keys)));
        }
        for (int i = _terms.Pick<int>([0, 0, 1, 1, 2]); i > 0; i--)
        {
            conditions.Add(_terms.Condition(scope, 2));
        }
        return [.. conditions];
    }
}
