// The functions of a database, and which of them may leave something in the session of who calls them.
using System.Text;

namespace Drover.Sql;

/// <summary>A function, procedure or the like as pg_proc has it.</summary>
/// <param name="Oid">Its object identifier.</param>
/// <param name="Name">Without schema.</param>
/// <param name="Language">As pg_language has it.</param>
/// <param name="Body">The source, whole.</param>
internal sealed record CatalogFunction(string Oid, string Name, string Language, string Body);

/// <summary>A table, view, type or word that tells, because of what is called when it is used.</summary>
/// <param name="Name">Without schema.</param>
/// <param name="OnWrite">Only in a statement that writes: it has a trigger.</param>
/// <param name="Traits">What it may do.</param>
internal sealed record TellingObject(string Name, bool OnWrite, StatementTraits Traits);

/// <summary>
/// Grows to a fixed point: a function is telling when its body is, or when it names what is telling already.
/// </summary>
internal sealed class TellingFunctions(IReadOnlyList<CatalogFunction> functions)
{
    private readonly Dictionary<CatalogFunction, StatementTraits> _telling = [];
    private readonly HashSet<string> _settings = new(StringComparer.OrdinalIgnoreCase);
    private bool _isNameless;

    /// <summary>Those that are telling now.</summary>
    public IReadOnlyDictionary<CatalogFunction, StatementTraits> Telling => _telling;

    /// <summary>
    /// Looks at the functions that are not telling yet, by what else is. Gives all that is now, and whether that
    /// is more than before.
    /// </summary>
    public (TellingNames Names, bool HasGrown) Grow(IReadOnlyCollection<TellingObject> others)
    {
        bool hasGrown = false;
        for (; ; )
        {
            TellingNames names = Names(others);
            bool isStable = true;
            foreach (CatalogFunction function in functions)
            {
                StatementTraits known = _telling.GetValueOrDefault(function);
                StatementTraits traits = known | FunctionBody.Scan(function.Language, function.Body, names, _settings);
                if (traits != known)
                {
                    _telling[function] = traits;
                    isStable = false;
                }
            }
            if (isStable)
            {
                return (names, hasGrown);
            }
            hasGrown = true;
        }
    }

    /// <summary>Every statement counts: what calls a telling function cannot be seen by its name.</summary>
    public TellingNames Everything() => TellingNames.EverythingWith([.. _settings]);

    /// <summary>Takes in a definition, of a view say, that calls one of PostgreSQL's own functions.</summary>
    public void Add(string definition)
    {
        byte[] text = Encoding.UTF8.GetBytes(definition);
        StatementTraits traits = FunctionBody.ScanText(text, TellingNames.None, _settings);
        _isNameless |= traits.HasFlag(StatementTraits.SetsUnknownName);
    }

    private TellingNames Names(IReadOnlyCollection<TellingObject> others)
    {
        // More names of settings than a look can ask for: some would be missed.
        bool isNameless = _isNameless || _settings.Count >= CustomSettingNames.CountMax;
        StatementTraits more = isNameless ? StatementTraits.SetsUnknownName : StatementTraits.None;
        return TellingNames.From(
            [
                .. _telling.Select(pair => (pair.Key.Name, pair.Value | more, false)),
                .. others.Select(other => (other.Name, other.Traits | more, other.OnWrite)),
            ],
            [.. _settings]
        );
    }
}
