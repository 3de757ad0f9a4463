// In which order views are refreshed that read one another.
namespace Drover.Views;

/// <summary>A view comes behind those that it reads, so that what it shows is theirs of the same round.</summary>
internal static class RefreshOrder
{
    /// <summary>Puts views in order.</summary>
    /// <param name="views">Any of them.</param>
    /// <param name="reads">
    /// Which view reads which, through ordinary views too; those that are not among <paramref name="views"/> do not
    /// matter.
    /// </param>
    public static IReadOnlyList<ManagedView> Sort(
        IReadOnlyCollection<ManagedView> views,
        IReadOnlyCollection<(ViewName Reader, ViewName Read)> reads
    )
    {
        List<ManagedView> sorted = [];
        HashSet<ViewName> visited = [];
        Dictionary<ViewName, ManagedView> known = views.ToDictionary(static view => view.Name);
        ILookup<ViewName, ViewName> read = reads.ToLookup(static one => one.Reader, static one => one.Read);
        foreach (ManagedView view in views.OrderBy(static view => view.Name.ToString(), StringComparer.Ordinal))
        {
            Visit(view.Name);
        }
        return sorted;

        void Visit(ViewName name)
        {
            if (!known.TryGetValue(name, out ManagedView? view) || !visited.Add(name))
            {
                return;
            }
            foreach (ViewName other in read[name].OrderBy(static one => one.ToString(), StringComparer.Ordinal))
            {
                Visit(other);
            }
            sorted.Add(view);
        }
    }
}
