// Finds PostgreSQL's programs of a wanted major version: named by the user, on the system, or from npm.
using System.Globalization;

namespace Drover.App.LocalPostgres;

/// <summary>A folder with <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Major">The major version, e.g. 18.</param>
/// <param name="Version">The version as the program prints it, e.g. 18.4.</param>
internal sealed record PostgresBinaries(string Folder, int Major, string Version)
{
    /// <summary>The version that a demo uses.</summary>
    public const int DefaultMajor = 18;

    /// <summary>The full path of a program.</summary>
    public string Program(string name) => Path.Combine(Folder, name);

    /// <summary>
    /// Finds the programs: in <paramref name="namedFolder"/> when given; of version 18 in the npm package first, so
    /// that everybody runs the same one; of the others first on the system, then in the npm package.
    /// </summary>
    /// <exception cref="LocalPostgresException">Nothing was found; the message says what to install.</exception>
    public static async Task<PostgresBinaries> FindAsync(
        int major,
        string? namedFolder,
        TimeProvider timeProvider,
        CancellationToken cancellationToken
    )
    {
        if (namedFolder is not null)
        {
            return await InspectAsync(namedFolder, cancellationToken)
                ?? throw new LocalPostgresException($"{namedFolder} has no initdb, pg_ctl and postgres that run");
        }
        PostgresPackage? package = PostgresLock.Find(major);
        PostgresBinaries? onSystem = await FindOnSystemAsync(major, cancellationToken);
        if (onSystem is not null && (major != DefaultMajor || package is null))
        {
            return onSystem;
        }
        if (package is null)
        {
            throw new LocalPostgresException(
                $"PostgreSQL {major} is not installed: apt-get install postgresql-{major}"
            );
        }
        try
        {
            string folder =
                NpmPostgres.FindFetched(CacheFolder.Shared, package)
                ?? await new NpmPostgres(CacheFolder.OfThisUser(), timeProvider).FetchAsync(package, cancellationToken);
            return await InspectAsync(folder, cancellationToken)
                ?? throw new LocalPostgresException(
                    $"PostgreSQL in {folder} does not run: delete that folder, try again"
                );
        }
        catch (LocalPostgresException) when (onSystem is not null)
        {
            return onSystem;
        }
    }

    private static async Task<PostgresBinaries?> FindOnSystemAsync(int major, CancellationToken cancellationToken)
    {
        IEnumerable<string> onPath = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(static folder => ResolveFolder(Path.Combine(folder, "postgres")))
            .OfType<string>();
        foreach (string folder in onPath.Append($"/usr/lib/postgresql/{major}/bin").Distinct())
        {
            if (await InspectAsync(folder, cancellationToken) is { } found && found.Major == major)
            {
                return found;
            }
        }
        return null;
    }

    // A link on the PATH may point to postgres alone; its companions are where the program itself is.
    private static string? ResolveFolder(string program) =>
        File.Exists(program)
            ? Path.GetDirectoryName(File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program)
            : null;

    private static async Task<PostgresBinaries?> InspectAsync(string folder, CancellationToken cancellationToken)
    {
        string[] programs = ["initdb", "pg_ctl", "postgres"];
        string full = Path.GetFullPath(folder);
        if (!programs.All(program => File.Exists(Path.Combine(full, program))))
        {
            return null;
        }
        CommandRun run = await CommandRun.RunAsync(
            [Path.Combine(full, "postgres"), "--version"],
            "/",
            cancellationToken
        );
        // "postgres (PostgreSQL) 18.4" or "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
        string[] words = run.Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        string digits = words.Length > 2 ? string.Concat(words[2].TakeWhile(char.IsAsciiDigit)) : "";
        return run.ExitCode == 0 && int.TryParse(digits, CultureInfo.InvariantCulture, out int major)
            ? new PostgresBinaries(full, major, words[2])
            : null;
    }
}
