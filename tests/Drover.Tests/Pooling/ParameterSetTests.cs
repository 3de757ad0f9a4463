// Sets of run-time parameters: equal ones are one object.
using Drover.Pooling;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Pooling;

public sealed class ParameterSetTests
{
    private static readonly Config Quiet = Config.QuickThrowOnFailure.WithQuietOnSuccess(true);

    [Fact]
    public void Order_and_case_of_names_make_no_difference()
    {
        ParameterInterner interner = new();
        ParameterSet one = interner.Intern(Set(("work_mem", "1MB"), ("role", "a")));
        ParameterSet other = interner.Intern(Set(("Role", "a"), ("WORK_MEM", "1MB")));
        Assert.Same(one, other);
    }

    [Fact]
    public void Case_of_values_makes_a_difference() => Assert.NotEqual(Set(("role", "a")), Set(("role", "A")));

    [Fact]
    public void Of_several_with_one_name_the_last_holds()
    {
        ParameterSet set = Set(("a", "1"), ("A", "2"));
        Assert.Single(set.Items);
        Assert.True(set.TryFind("a", out string? value));
        Assert.Equal("2", value);
    }

    [Fact]
    public void No_parameters_are_the_empty_set()
    {
        Assert.Same(ParameterSet.Empty, ParameterSet.From([]));
        Assert.True(ParameterSet.Empty.IsEmpty);
        Assert.False(ParameterSet.Empty.TryFind("a", out _));
    }

    [Fact]
    public void Set_never_shows_its_values() =>
        Assert.Equal("app.token, role", Set(("role", "x"), ("app.token", "secret")).ToString());

    [Fact]
    public void Overlay_takes_the_upper_value_and_keeps_the_rest() =>
        Prop.ForAll(
                (Dictionary<NonNull<string>, int> low, Dictionary<NonNull<string>, int> high) =>
                {
                    ParameterSet below = From(low);
                    ParameterSet above = From(high);
                    ParameterSet both = below.Overlay(above);
                    return above.Items.All(item => both.TryFind(item.Key, out string? v) && v == item.Value)
                        && below.Items.All(item => both.TryFind(item.Key, out _))
                        && both.Items.All(item => above.TryFind(item.Key, out _) || below.TryFind(item.Key, out _))
                        && both.Overlay(above).Equals(both)
                        && (!above.IsEmpty || ReferenceEquals(both, below));
                }
            )
            .Check(Quiet);

    [Fact]
    public void With_is_an_overlay_of_one() =>
        Prop.ForAll(
                (Dictionary<NonNull<string>, int> items, NonNull<string> name, int value) =>
                {
                    ParameterSet set = From(items);
                    string text = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
                    ParameterSet with = set.With(name.Get, text);
                    return with.Equals(set.Overlay(Set((name.Get, text))))
                        && with.GetHashCode() == set.Overlay(Set((name.Get, text))).GetHashCode();
                }
            )
            .Check(Quiet);

    [Fact]
    public void Interner_is_bounded_and_goes_on_serving()
    {
        ParameterInterner interner = new();
        for (int i = 0; i < 5000; i++)
        {
            ParameterSet set = Set(("a", $"{i}"));
            Assert.Equal(set, interner.Intern(set));
        }
        Assert.NotSame(interner.Intern(Set(("a", "4999"))), interner.Intern(Set(("a", "4999"))));
        Assert.Same(interner.Intern(Set(("a", "1"))), interner.Intern(Set(("a", "1"))));
    }

    private static ParameterSet From(Dictionary<NonNull<string>, int> items) =>
        ParameterSet.From(items.Select(static item => KeyValuePair.Create(item.Key.Get, $"{item.Value}")));

    private static ParameterSet Set(params (string Name, string Value)[] items) =>
        ParameterSet.From(items.Select(static item => KeyValuePair.Create(item.Name, item.Value)));
}
