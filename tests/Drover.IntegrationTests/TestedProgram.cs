// The drover that is tested: what the build made beside the tests, or another.
using System.Diagnostics;

namespace Drover.IntegrationTests;

/// <summary>What it answered.</summary>
internal sealed record ProgramAnswer(int ExitCode, string Output, string Error);

internal static class TestedProgram
{
    /// <summary>Names another: <c>./test</c> has the tests run what is shipped, compiled ahead of time.</summary>
    private const string Variable = "DROVER_PROGRAM";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Where it is.</summary>
    public static string Path { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } other
            ? other
            : System.IO.Path.Combine(AppContext.BaseDirectory, "drover");

    /// <summary>Runs a verb until it ends.</summary>
    public static async Task<ProgramAnswer> RunAsync(params IEnumerable<string> words)
    {
        using Process process = Start(words);
        Task<string> error = process.StandardError.ReadToEndAsync(Token);
        string output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return new ProgramAnswer(process.ExitCode, output, await error);
    }

    /// <summary>Runs a verb whose answer is read by who called.</summary>
    public static Process Start(params IEnumerable<string> words) =>
        Process.Start(
            new ProcessStartInfo(Path, words) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
}
