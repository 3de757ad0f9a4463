// Names of custom settings (app.tenant) that clients of a pool have been seen to use.
namespace Drover.Pooling.Servers;

/// <summary>
/// PostgreSQL does not list custom settings, so a look at a session asks for those that are known. A name is learnt
/// from the texts of any client, and then found also where a function sets it.
/// </summary>
internal sealed class CustomSettings
{
    /// <summary>Names known at the most; each makes a look at a session a little dearer.</summary>
    private const int CountMax = 256;

    private volatile string[] _names = [];

    public IReadOnlyCollection<string> Names => _names;

    public void Add(IEnumerable<string> names)
    {
        string[] known = _names;
        string[] more = [.. known.Union(names, StringComparer.OrdinalIgnoreCase).Take(CountMax)];
        if (more.Length > known.Length)
        {
            _names = more;
        }
    }
}
