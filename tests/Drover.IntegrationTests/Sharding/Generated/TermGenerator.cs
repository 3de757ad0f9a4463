// Random expressions over the columns that are in scope. None of them can fail, and none depends on the order of rows.
using System.Collections.Immutable;
using System.Globalization;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>A column that a query can name.</summary>
internal sealed record ScopeColumn(Term Term, bool IsKey, int Group);

internal sealed class TermGenerator(Random random)
{
    private static readonly string[] s_comparisons = ["=", "=", "<>", "<", "<=", ">", ">="];

    private static readonly string[] s_directions = ["", " DESC", " NULLS FIRST", " DESC NULLS LAST"];

    /// <summary>Makes the subqueries of expressions; it sees the columns outside.</summary>
    public Func<Kind, IReadOnlyList<ScopeColumn>, SqlQuery>? Subqueries { get; set; }

    public T Pick<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    public bool Chance(int percent) => random.Next(100) < percent;

    public string Direction() => Pick(s_directions);

    /// <summary>A constant of the type, near what the rows have.</summary>
    public Term Constant(Kind kind, bool isBare = false) =>
        Term.Constant(
            kind,
            kind switch
            {
                Kind.Integer => Number(-3, 8),
                Kind.Bigint => Number(0, 29),
                Kind.Numeric => (random.Next(-300, 4000) / 100m).ToString("0.00", CultureInfo.InvariantCulture),
                Kind.Text => Pick<string>(["a", "b", "B", "", "Bonn", "paid", "new", "c", "Äh"]),
                Kind.Boolean => Pick<string>(["true", "false"]),
                Kind.Date => $"202{random.Next(3, 6)}-0{random.Next(1, 10)}-15",
                _ => $"2024-0{random.Next(1, 4)}-{random.Next(10, 29)} 12:00:00+00",
            },
            isBare
        );

    /// <summary>An expression of the type.</summary>
    public Term Make(Kind kind, IReadOnlyList<ScopeColumn> scope, int depth)
    {
        List<ScopeColumn> columns = [.. scope.Where(one => one.Term.Kind == kind)];
        if (columns.Count > 0 && (depth <= 0 || Chance(45)))
        {
            return Pick(columns).Term;
        }
        if (depth <= 0 || Chance(12))
        {
            return Constant(kind);
        }
        if (Subqueries is not null && Chance(6))
        {
            return new Term(kind, "({q})", []) { Subquery = Subqueries(kind, scope) };
        }
        Term Next(Kind of) => Make(of, scope, depth - 1);
        return random.Next(5) switch
        {
            0 => Term.Of(kind, "COALESCE({0}, {1})", Next(kind), Next(kind)),
            1 => Term.Of(
                kind,
                "CASE WHEN {0} THEN {1} ELSE {2} END",
                Condition(scope, depth - 1),
                Next(kind),
                Next(kind)
            ),
            2 when kind != Kind.Boolean => Term.Of(
                kind,
                Chance(50) ? "GREATEST({0}, {1})" : "NULLIF({0}, {1})",
                Next(kind),
                Next(kind)
            ),
            _ => OfKind(kind, scope, depth, Next),
        };
    }

    /// <summary>A condition.</summary>
    public Term Condition(IReadOnlyList<ScopeColumn> scope, int depth)
    {
        if (depth <= 0)
        {
            return Comparison(scope, depth);
        }
        return random.Next(10) switch
        {
            0 => Term.Of(Kind.Boolean, "({0} AND {1})", Condition(scope, depth - 1), Condition(scope, depth - 1)),
            1 => Term.Of(Kind.Boolean, "({0} OR {1})", Condition(scope, depth - 1), Condition(scope, depth - 1)),
            2 => Term.Of(Kind.Boolean, "(NOT {0})", Condition(scope, depth - 1)),
            3 => Term.Of(Kind.Boolean, Chance(50) ? "({0} IS NULL)" : "({0} IS NOT NULL)", Any(scope, depth - 1)),
            4 => Term.Of(
                Kind.Boolean,
                "({0} LIKE {1})",
                Make(Kind.Text, scope, depth - 1),
                Term.Constant(Kind.Text, "%b%")
            ),
            5 when Subqueries is not null => WithSubquery(scope, depth),
            6 => Distinction(scope, depth),
            _ => Comparison(scope, depth),
        };
    }

    /// <summary>A condition that names keys.</summary>
    public Term KeyCondition(ScopeColumn key)
    {
        Kind kind = key.Term.Kind;
        Term One(bool isBare) =>
            kind == Kind.Text
                ? Term.Constant(kind, $"{(char)('a' + random.Next(12))}", isBare)
                : Constant(kind, isBare);
        return random.Next(6) switch
        {
            0 => Term.Of(Kind.Boolean, "({0} IN ({1}, {2}))", key.Term, One(true), One(true)),
            1 => Term.Of(
                Kind.Boolean,
                "({0} = ANY (ARRAY[{1}, {2}, {3}]))",
                key.Term,
                One(false),
                One(false),
                One(false)
            ),
            2 => Term.Of(Kind.Boolean, "({0} = {1} OR {0} = {2})", key.Term, One(true), One(true)),
            3 => Term.Of(Kind.Boolean, "({1} = {0})", key.Term, One(false)),
            _ => Term.Of(Kind.Boolean, "({0} = {1})", key.Term, One(true)),
        };
    }

    /// <summary>An aggregate whose result does not depend on the order of rows.</summary>
    public Term Aggregate(IReadOnlyList<ScopeColumn> scope, int depth)
    {
        string filter = Chance(15) ? " FILTER (WHERE {1})" : "";
        Term Over(Kind kind, string format, Kind of) =>
            new(
                kind,
                format + filter,
                filter.Length > 0 ? [Make(of, scope, depth), Condition(scope, 0)] : [Make(of, scope, depth)]
            )
            {
                IsAggregate = true,
            };
        Kind any = Pick<Kind>([Kind.Integer, Kind.Bigint, Kind.Numeric, Kind.Text, Kind.Date, Kind.Timestamp]);
        return random.Next(16) switch
        {
            0 or 1 => new(Kind.Bigint, "count(*)", []) { IsAggregate = true },
            2 => Over(Kind.Bigint, "count({0})", any),
            3 => Over(Kind.Bigint, "count(DISTINCT {0})", any),
            4 => Over(Kind.Bigint, "sum({0})", Kind.Integer),
            5 => Over(Kind.Numeric, "sum({0})", Pick<Kind>([Kind.Bigint, Kind.Numeric])),
            6 => Over(Kind.Numeric, "avg({0})", Pick<Kind>([Kind.Integer, Kind.Bigint, Kind.Numeric])),
            7 => Over(Kind.Boolean, Chance(50) ? "bool_and({0})" : "bool_or({0})", Kind.Boolean),
            8 => Over(Kind.Numeric, "round(stddev({0}), 6)", Pick<Kind>([Kind.Integer, Kind.Numeric])),
            9 => Over(Kind.Text, "string_agg({0}, ',' ORDER BY {0})", Kind.Text),
            13 => Over(Kind.Text, "string_agg(DISTINCT {0}, ';')", Kind.Text),
            14 => Over(Kind.Bigint, "count(DISTINCT {0})", any),
            15 => Instead(scope),
            10 => Over(Kind.Text, "array_to_string(array_agg({0} ORDER BY {0} DESC), '/')", Kind.Bigint),
            _ => Over(any, Chance(50) ? "min({0})" : "max({0})", any),
        };
    }

    private Term Instead(IReadOnlyList<ScopeColumn> scope)
    {
        Kind kind = Pick<Kind>([Kind.Integer, Kind.Bigint, Kind.Text, Kind.Date]);
        Term of = scope
            .Where(one => one.Term.Kind == kind)
            .Select(static one => one.Term)
            .FirstOrDefault(Constant(kind));
        string filter = Chance(40) ? " FILTER (WHERE {2})" : "";
        return new(kind, $"COALESCE(max({{0}}){filter}, {{1}})", [of, Constant(kind), Condition(scope, 0)])
        {
            IsAggregate = true,
        };
    }

    /// <summary>A window function of which peers get the same.</summary>
    public Term Window(IReadOnlyList<ScopeColumn> scope)
    {
        Term by = Any(scope, 1);
        Term order = Any(scope, 1);
        return random.Next(4) switch
        {
            0 => Windowed(Kind.Bigint, "rank() OVER (PARTITION BY {0} ORDER BY {1})", by, order),
            1 => Windowed(Kind.Bigint, "dense_rank() OVER (ORDER BY {1}, {0})", by, order),
            2 => Windowed(Kind.Bigint, "count(*) OVER (PARTITION BY {0})", by),
            _ => Windowed(
                Kind.Bigint,
                "sum({2}) OVER (PARTITION BY {0} ORDER BY {1})",
                by,
                order,
                Make(Kind.Integer, scope, 1)
            ),
        };
    }

    /// <summary>An expression of any type.</summary>
    public Term Any(IReadOnlyList<ScopeColumn> scope, int depth) => Make(Pick(Enum.GetValues<Kind>()), scope, depth);

    private static Term Windowed(Kind kind, string format, params ImmutableArray<Term> arguments) =>
        Term.Of(kind, format, arguments) with
        {
            IsAggregate = true,
        };

    private Term OfKind(Kind kind, IReadOnlyList<ScopeColumn> scope, int depth, Func<Kind, Term> next) =>
        kind switch
        {
            Kind.Integer => random.Next(4) switch
            {
                0 => Term.Of(kind, "length({0})", next(Kind.Text)),
                1 => Term.Of(kind, "(EXTRACT(year FROM {0})::integer)", next(Kind.Date)),
                2 => Term.Of(kind, "({0} % 7)", next(kind)),
                _ => Term.Of(kind, Chance(50) ? "({0} + {1})" : "({0} - {1})", next(kind), next(kind)),
            },
            Kind.Bigint => Chance(30)
                ? Term.Of(kind, "({0}::bigint)", next(Kind.Integer))
                : Term.Of(kind, Chance(50) ? "({0} + {1})" : "(abs({0}) - {1})", next(kind), next(kind)),
            Kind.Numeric => random.Next(3) switch
            {
                0 => Term.Of(kind, "round({0} * {1}, 2)", next(kind), next(Kind.Integer)),
                1 => Term.Of(kind, "round({0} / 3, 2)", next(kind)),
                _ => Term.Of(kind, Chance(50) ? "({0} + {1})" : "({0} - {1})", next(kind), next(kind)),
            },
            Kind.Text => random.Next(4) switch
            {
                0 => Term.Of(kind, Chance(50) ? "upper({0})" : "lower({0})", next(kind)),
                1 => Term.Of(kind, "substr({0}, 1, 2)", next(kind)),
                2 => Term.Of(
                    kind,
                    "({0}::text)",
                    next(Pick<Kind>([Kind.Integer, Kind.Bigint, Kind.Boolean, Kind.Date]))
                ),
                _ => Term.Of(kind, "({0} || {1})", next(kind), next(kind)),
            },
            Kind.Boolean => Condition(scope, depth - 1),
            Kind.Date => Chance(50)
                ? Term.Of(kind, "({0} + {1})", next(kind), next(Kind.Integer))
                : Term.Of(kind, "({0} AT TIME ZONE 'UTC')::date", next(Kind.Timestamp)),
            _ => Chance(50)
                ? Term.Of(kind, "date_trunc('month', {0}, 'UTC')", next(kind))
                : Term.Of(kind, "({0} + interval '1 day')", next(kind)),
        };

    private Term Comparison(IReadOnlyList<ScopeColumn> scope, int depth)
    {
        ScopeColumn left = Pick(scope);
        Term right = Chance(60)
            ? Constant(left.Term.Kind, isBare: left.Term.Format.All(static c => c is not '{'))
            : Make(left.Term.Kind, scope, depth - 1);
        return Term.Of(Kind.Boolean, $"({{0}} {Pick(s_comparisons)} {{1}})", left.Term, right);
    }

    private Term Distinction(IReadOnlyList<ScopeColumn> scope, int depth)
    {
        Kind kind = Pick(scope).Term.Kind;
        Term one = Make(kind, scope, depth - 1);
        return Chance(50)
            ? Term.Of(Kind.Boolean, "({0} IS DISTINCT FROM {1})", one, Make(kind, scope, depth - 1))
            : Term.Of(Kind.Boolean, "({0} BETWEEN {1} AND {2})", one, Constant(kind), Make(kind, scope, depth - 1));
    }

    private Term WithSubquery(IReadOnlyList<ScopeColumn> scope, int depth)
    {
        Kind kind = Pick(scope).Term.Kind;
        SqlQuery subquery = Subqueries!(kind, scope);
        return random.Next(3) switch
        {
            0 => new Term(Kind.Boolean, "(EXISTS ({q}))", []) { Subquery = subquery },
            1 => new Term(Kind.Boolean, "({0} IN ({q}))", [Make(kind, scope, depth - 1)]) { Subquery = subquery },
            _ => new Term(Kind.Boolean, "(NOT EXISTS ({q}))", []) { Subquery = subquery },
        };
    }

    private string Number(int least, int end) => random.Next(least, end).ToString(CultureInfo.InvariantCulture);
}
