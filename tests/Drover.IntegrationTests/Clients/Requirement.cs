// What a client needs on this machine, and what happens when it is missing: a failure, or a skip on a developer's desk.
using System.Diagnostics;

namespace Drover.IntegrationTests.Clients;

/// <summary>A file or folder that a Debian package brings; <see cref="NodePackages"/> is what npm brings.</summary>
internal sealed record Requirement(string Path, string Package)
{
    private static readonly SemaphoreSlim s_installing = new(1, 1);

    /// <summary>The packages that tests/clients/node/package-lock.json names.</summary>
    public static Requirement NodePackages { get; } = new("node_modules/.package-lock.json", "npm");

    /// <summary>
    /// Returns when everything is there. Where it can be installed (in CI, or by root) a missing package is a failure;
    /// elsewhere the test is skipped.
    /// </summary>
    public static async Task EnsureAsync(ClientProgram client, string folder, CancellationToken cancellationToken)
    {
        List<string> missing = [];
        foreach (Requirement requirement in client.Requirements)
        {
            if (await requirement.FindProblemAsync(folder, cancellationToken) is { } problem)
            {
                missing.Add(problem);
            }
        }
        if (missing.Count == 0)
        {
            return;
        }
        string text = $"The client {client.Name} cannot run: {string.Join("; ", missing)}.";
        bool canInstall = Environment.IsPrivilegedProcess || Environment.GetEnvironmentVariable("CI") == "true";
        Assert.SkipUnless(canInstall, text);
        Assert.Fail(text);
    }

    private async Task<string?> FindProblemAsync(string folder, CancellationToken cancellationToken)
    {
        if (this != NodePackages)
        {
            return System.IO.Path.Exists(Path) ? null : $"{Path} is missing: apt-get install {Package}";
        }
        await s_installing.WaitAsync(cancellationToken);
        try
        {
            return await InstallNodePackagesAsync(folder, cancellationToken);
        }
        finally
        {
            s_installing.Release();
        }
    }

    private async Task<string?> InstallNodePackagesAsync(string folder, CancellationToken cancellationToken)
    {
        FileInfo installed = new(System.IO.Path.Combine(folder, Path));
        FileInfo wanted = new(System.IO.Path.Combine(folder, "package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= wanted.LastWriteTimeUtc)
        {
            return null;
        }
        ProcessStartInfo start = new("npm", ["ci", "--no-audit", "--no-fund"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process npm = Process.Start(start)!;
            Task<string> output = npm.StandardOutput.ReadToEndAsync(cancellationToken);
            string errors = await npm.StandardError.ReadToEndAsync(cancellationToken);
            await output;
            await npm.WaitForExitAsync(cancellationToken);
            return npm.ExitCode == 0 ? null : $"npm ci failed in {folder}: {errors}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "npm is missing: install Node.js with npm";
        }
    }
}
