// Names come before passwords: what strangers make up must not be kept, shown and measured for ever.
using Drover.Configuration;
using Drover.Pooling;
using Drover.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Pooling;

public sealed class StrangerTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Database_that_nobody_could_log_in_to_is_forgotten_in_a_minute()
    {
        await using ProxyStage stage = Start(static o => o);
        PoolDirectory directory = stage.Plane.Directory;
        FakeClient friend = await FakeClient.ConnectAsync(stage.Port, database: "known");
        await friend.RunAsync("a");
        await friend.LeaveAsync();
        for (int i = 0; i < 20; i++)
        {
            using FakeClient stranger = await FakeClient.DialAsync(stage.Port);
            Frame? error = await stranger.LogInAsync("nobody", $"made-up-{i}");
            Assert.Equal("28000", error?.SqlState);
        }
        Assert.Equal(22, directory.Databases.Count());
        await ForgottenAsync(() => directory.Databases.Count() == 2, "the names that were made up");
        DateTimeOffset later = _time.GetUtcNow() + TimeSpan.FromMinutes(3);
        await ForgottenAsync(() => _time.GetUtcNow() > later, "nothing more");
        Assert.Contains(directory.Databases, static database => database.Name == "known");
    }

    [Fact]
    public async Task Databases_that_strangers_name_have_a_bound_that_shuts_nobody_out()
    {
        await using ProxyStage stage = Start(static o => o);
        PoolDirectory directory = stage.Plane.Directory;
        using FakeClient friend = await FakeClient.ConnectAsync(stage.Port, database: "known");
        for (int i = 1; i < PoolDirectory.AutomaticMax; i++)
        {
            Assert.True(directory.TryFindDatabase($"made-up-{i}", out _), $"no place for number {i}");
        }
        Assert.False(directory.TryFindDatabase("one-more", out _));
        Assert.True(directory.TryFindDatabase("known", out _));
        Assert.True(directory.TryFindDatabase("app", out _));
        await ForgottenAsync(() => directory.Databases.Count() == 2, "the names that were made up");
        Assert.True(directory.TryFindDatabase("one-more", out _));
    }

    [Fact]
    public async Task Users_that_anybody_may_call_himself_are_forgotten_when_they_are_many()
    {
        await using ProxyStage stage = Start(o =>
            o with
            {
                Proxy = o.Proxy with { Authentication = new AuthenticationOptions { AuthType = AuthType.Any } },
                Databases = [o.Databases[0] with { User = "app" }],
            }
        );
        PoolDirectory directory = stage.Plane.Directory;
        using FakeClient friend = await FakeClient.ConnectAsync(stage.Port, user: "friend");
        await friend.RunAsync("a");
        for (int i = 0; i < 3000; i++)
        {
            directory.User($"made-up-{i}");
        }
        await ForgottenAsync(() => directory.Users.Count() < 10, "the names that were made up");
        Assert.Contains(directory.Users, static user => user.Name == "friend");
        Assert.Contains(directory.Users, static user => user.Name == "app");
        Assert.Equal("TDCZI", await friend.RunAsync("b"));
    }

    private ProxyStage Start(Func<DroverOptions, DroverOptions> change) =>
        ProxyStage.Start(
            o => o with { Server = o.Server with { ServerIdleTimeout = TimeSpan.FromSeconds(10) } },
            _time,
            changeAll: o => change(o with { FallbackDatabase = o.Databases[0] with { Name = "*" } })
        );

    /// <summary>Lets time pass until it is so; less than an hour, when what is known would go as well.</summary>
    private async Task ForgottenAsync(Func<bool> condition, string what)
    {
        DateTimeOffset end = _time.GetUtcNow() + TimeSpan.FromMinutes(50);
        await ProxyStage.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(_time.GetUtcNow() < end ? 400 : 0));
                return condition();
            },
            $"forgotten: {what}"
        );
    }
}
