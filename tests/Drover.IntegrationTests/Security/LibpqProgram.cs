// Debian's psql and its companions, with the libpq of a chosen version: 15 beside them, 18 from the npm PostgreSQL.
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.Security;

/// <summary>Runs programs of PostgreSQL's clients: those of 15, but what speaks to the server is libpq.</summary>
internal static class LibpqProgram
{
    private const string Folder = "/usr/lib/postgresql/15/bin";

    /// <summary>The command line of a program; the test is skipped where it is not installed.</summary>
    public static async Task<List<string>> CommandAsync(string program, int libpq, CancellationToken token)
    {
        string path = Path.Combine(Folder, program);
        Assert.SkipUnless(File.Exists(path), $"{path} is missing: apt-get install postgresql-15");
        if (libpq == 15)
        {
            return ["env", "HOME=/nonexistent", path];
        }
        PostgresBinaries binaries = await PostgresBinaries.FindAsync(libpq, null, TimeProvider.System, token);
        string library = Path.GetFullPath(Path.Combine(binaries.Folder, "..", "lib"));
        Assert.SkipUnless(File.Exists(Path.Combine(library, "libpq.so.5")), $"there is no libpq in {library}");
        return ["env", "HOME=/nonexistent", $"LD_LIBRARY_PATH={library}", path];
    }

    /// <summary>Runs statements, or commands of psql's own, with psql; rows as unaligned text.</summary>
    public static async Task<CommandRun> PsqlAsync(
        int libpq,
        string connection,
        CancellationToken token,
        params string[] statements
    )
    {
        List<string> command = await CommandAsync("psql", libpq, token);
        command.AddRange(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", connection]);
        command.AddRange(statements.SelectMany(static statement => (string[])["-c", statement]));
        return await CommandRun.RunAsync(command, "/", token);
    }
}
