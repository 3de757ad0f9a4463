// The drover that is tested: what the build made beside the tests, or another.
namespace Drover.IntegrationTests;

internal static class TestedProgram
{
    /// <summary>Names another: <c>./test</c> has the tests run what is shipped, compiled ahead of time.</summary>
    private const string Variable = "DROVER_PROGRAM";

    /// <summary>Where it is.</summary>
    public static string Path { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } other
            ? other
            : System.IO.Path.Combine(AppContext.BaseDirectory, "drover");
}
