// Runs a short-lived program to its end and keeps what it said.
using System.ComponentModel;
using System.Diagnostics;

namespace Drover.App.LocalPostgres;

/// <summary>How a program ended and what it wrote.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs a program to its end; on cancellation it is killed with its children.</summary>
    /// <exception cref="LocalPostgresException">The program cannot be started.</exception>
    public static async Task<CommandRun> RunAsync(
        IReadOnlyList<string> command,
        string workingFolder,
        CancellationToken cancellationToken
    )
    {
        using Process process = Start(CreateStartInfo(command, workingFolder));
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return new CommandRun(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>A start with all three streams redirected and none of the caller's <c>PG*</c> variables.</summary>
    public static ProcessStartInfo CreateStartInfo(IReadOnlyList<string> command, string workingFolder)
    {
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            WorkingDirectory = workingFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            string name in start
                .Environment.Keys.Where(static name => name.StartsWith("PG", StringComparison.Ordinal))
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>Starts a process; a missing program is an error with its name.</summary>
    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new LocalPostgresException($"{start.FileName} cannot be started: {failure.Message}", failure);
        }
    }
}
