// Waits for what another process is about to do: asked again and again, and failed when it takes too long.
namespace Drover.IntegrationTests;

internal static class Eventually
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns when the condition holds; fails the test after the limit.</summary>
    public static Task HoldsAsync(Func<bool> condition, TimeSpan limit) =>
        HoldsAsync(() => Task.FromResult(condition()), limit);

    /// <summary>The same for a condition that has to ask somebody.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, TimeSpan limit, string? what = null)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < limit, $"not within {limit}: {what}");
            await Task.Delay(s_look, TestContext.Current.CancellationToken);
        }
    }
}
