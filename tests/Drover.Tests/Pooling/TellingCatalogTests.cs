// Who reads the catalogs, and when a name that tells is in force.
using Drover.Pooling.Servers;
using Drover.Sql;

namespace Drover.Tests.Pooling;

public sealed class TellingCatalogTests
{
    private static readonly TellingNames Names = TellingNames.From(
        [("enter", StatementTraits.TouchesSession, false)],
        ["app.tenant"]
    );

    [Fact]
    public void While_nothing_is_known_whoever_begins_reads_and_the_first_who_ends_has_said_it_all()
    {
        TellingCatalog catalog = new();
        Assert.True(catalog.TryBegin(0, out (int Changes, string Fingerprint) first));
        Assert.True(catalog.TryBegin(0, out (int Changes, string Fingerprint) second));
        catalog.End(first.Changes, "a", Names, 0);
        Assert.Same(Names, catalog.Names);
        TellingNames same = TellingNames.From([("enter", StatementTraits.TouchesSession, false)], ["app.tenant"]);
        catalog.End(second.Changes, "a", same, 0);
        Assert.Same(Names, catalog.Names);
        Assert.Equal(0, catalog.Generation);
    }

    [Fact]
    public void Known_names_are_read_again_by_one_at_a_time()
    {
        TellingCatalog catalog = Known();
        long due = (long)TellingCatalog.Period.TotalMilliseconds;
        Assert.False(catalog.TryBegin(due - 1, out _));
        Assert.True(catalog.TryBegin(due, out (int Changes, string Fingerprint) ticket));
        Assert.False(catalog.TryBegin(due, out _));
        catalog.End(ticket.Changes, ticket.Fingerprint, null, due);
        Assert.Same(Names, catalog.Names);
        Assert.False(catalog.TryBegin(due, out _));
    }

    [Fact]
    public void Names_that_a_change_made_doubtful_are_read_by_all_who_begin_and_an_older_reading_does_not_count()
    {
        TellingCatalog catalog = Known();
        long due = (long)TellingCatalog.Period.TotalMilliseconds;
        Assert.True(catalog.TryBegin(due, out (int Changes, string Fingerprint) old));
        catalog.Expire();
        Assert.Same(TellingNames.Everything, catalog.Names);
        Assert.True(catalog.TryBegin(due, out (int Changes, string Fingerprint) first));
        Assert.True(catalog.TryBegin(due, out (int Changes, string Fingerprint) second));
        catalog.End(old.Changes, "a", null, due);
        Assert.False(catalog.IsKnown);
        TellingNames more = TellingNames.From([("leave", StatementTraits.TouchesSession, false)], ["app.gone"]);
        catalog.End(first.Changes, "b", more, due);
        catalog.End(second.Changes, "b", more, due);
        Assert.Same(more, catalog.Names);
        Assert.Equal(1, catalog.Generation);
    }

    [Fact]
    public void Settings_of_a_reading_that_a_change_overtook_are_known_to_who_asked_before_it()
    {
        TellingCatalog catalog = new();
        Assert.True(catalog.TryBegin(0, out (int Changes, string Fingerprint) ticket));
        catalog.Expire();
        catalog.End(ticket.Changes, "a", Names, 0);
        Assert.False(catalog.IsKnown);
        Assert.True(catalog.IsDue(0));
        Assert.Equal(["app.tenant"], catalog.Settings);
    }

    private static TellingCatalog Known()
    {
        TellingCatalog catalog = new();
        Assert.True(catalog.TryBegin(0, out (int Changes, string Fingerprint) ticket));
        catalog.End(ticket.Changes, "a", Names, 0);
        return catalog;
    }
}
