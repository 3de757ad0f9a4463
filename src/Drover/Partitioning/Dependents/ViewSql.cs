// Plain views: replaced in place, so that their OID, grants, column defaults, triggers and dependents stay.
using System.Collections.Immutable;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

internal static class ViewSql
{
    /// <summary>All bound views, each after those that it reads.</summary>
    public static IEnumerable<string> Replace(ImmutableArray<ViewDescription> views) =>
        views.Where(view => view is { IsBound: true, IsMaterialized: false }).Select(Replace);

    // CREATE OR REPLACE VIEW replaces the options too (manual, CREATE VIEW); check_option and security_invoker are
    // such.
    private static string Replace(ViewDescription view)
    {
        string options = view.Options.Length == 0 ? "" : $" WITH ({string.Join(", ", view.Options)})";
        return $"CREATE OR REPLACE VIEW {view.Name}{options} AS {view.Query.TrimStart()}";
    }
}
