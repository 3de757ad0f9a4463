// Expressions and queries as trees, which can be written as SQL and made smaller.
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>The types that generated statements have.</summary>
internal enum Kind
{
    Integer,
    Bigint,
    Numeric,
    Text,
    Boolean,
    Date,
    Timestamp,
}

/// <summary>Statement and parameters, as they are written.</summary>
internal sealed class SqlWriter(bool hasParameters)
{
    private readonly Dictionary<Term, int> _numbers = new(ReferenceEqualityComparer.Instance);

    public StringBuilder Text { get; } = new();

    public List<string> Values { get; } = [];

    /// <summary>The number of a parameter: a constant that stands in two places is one parameter.</summary>
    public int NumberOf(Term constant)
    {
        if (!_numbers.TryGetValue(constant, out int number))
        {
            Values.Add(constant.Value!);
            _numbers.Add(constant, number = Values.Count);
        }
        return number;
    }

    /// <summary>Whether what may be a parameter is one.</summary>
    public bool HasParameters => hasParameters;

    /// <summary>Writes pieces with a separator.</summary>
    public void Join<T>(string separator, IReadOnlyList<T> parts, Action<T> write)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            Text.Append(i > 0 ? separator : "");
            write(parts[i]);
        }
    }
}

/// <summary>An expression: a format with <c>{0}</c> … for its arguments and <c>{q}</c> for its subquery.</summary>
internal sealed record Term(Kind Kind, string Format, ImmutableArray<Term> Arguments)
{
    public SqlQuery? Subquery { get; init; }

    /// <summary>The text of a constant that may be a parameter.</summary>
    public string? Value { get; init; }

    /// <summary>Whether the parameter's type is to be inferred from its neighbour.</summary>
    public bool IsBare { get; init; }

    /// <summary>Whether an aggregate or window function is at its root: it is no argument of another.</summary>
    public bool IsAggregate { get; init; }

    public static Term Of(Kind kind, string format, params ImmutableArray<Term> arguments) =>
        new(kind, format, arguments);

    /// <summary>A constant.</summary>
    public static Term Constant(Kind kind, string value, bool isBare = false) =>
        new(kind, "", []) { Value = value, IsBare = isBare };

    public static string TypeName(Kind kind) =>
        kind switch
        {
            Kind.Integer => "integer",
            Kind.Bigint => "bigint",
            Kind.Numeric => "numeric",
            Kind.Text => "text",
            Kind.Boolean => "boolean",
            Kind.Date => "date",
            _ => "timestamptz",
        };

    public void Write(SqlWriter writer)
    {
        if (Value is not null)
        {
            WriteConstant(writer);
            return;
        }
        for (int i = 0; i < Format.Length; i++)
        {
            if (Format[i] != '{')
            {
                writer.Text.Append(Format[i]);
                continue;
            }
            if (Format[i + 1] == 'q')
            {
                Subquery!.Write(writer);
            }
            else
            {
                Arguments[Format[i + 1] - '0'].Write(writer);
            }
            i += 2;
        }
    }

    /// <summary>What is smaller and of the same type.</summary>
    public IEnumerable<Term> Shrink()
    {
        if (Value is not null)
        {
            yield break;
        }
        foreach (Term argument in Arguments)
        {
            if (argument.Kind == Kind)
            {
                yield return argument;
            }
        }
        if (!IsAggregate && (Arguments.Length > 0 || Subquery is not null))
        {
            yield return Constant(Kind, Simple(Kind));
        }
        if (Subquery is not null)
        {
            foreach (SqlQuery smaller in Subquery.Shrink())
            {
                yield return this with
                {
                    Subquery = smaller,
                };
            }
        }
        for (int i = 0; i < Arguments.Length; i++)
        {
            foreach (Term smaller in Arguments[i].Shrink())
            {
                yield return this with
                {
                    Arguments = Arguments.SetItem(i, smaller),
                };
            }
        }
    }

    private static string Simple(Kind kind) =>
        kind switch
        {
            Kind.Integer or Kind.Bigint => "1",
            Kind.Numeric => "1.50",
            Kind.Text => "a",
            Kind.Boolean => "true",
            Kind.Date => "2024-01-01",
            _ => "2024-01-01 00:00:00+00",
        };

    private void WriteConstant(SqlWriter writer)
    {
        if (writer.HasParameters)
        {
            string type = IsBare ? "" : $"::{TypeName(Kind)}";
            writer.Text.Append(CultureInfo.InvariantCulture, $"${writer.NumberOf(this)}{type}");
            return;
        }
        string text = Kind switch
        {
            Kind.Integer or Kind.Numeric or Kind.Boolean => Value!,
            Kind.Bigint => IsBare ? Value! : $"{Value}::bigint",
            _ when IsBare => $"'{Value}'",
            _ => $"{TypeName(Kind)} '{Value}'",
        };
        writer.Text.Append(text.StartsWith('-') ? $"({text})" : text);
    }
}
