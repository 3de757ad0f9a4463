// PostgreSQL from its npm package: fetched by npm once, checked against the lock file, unpacked into the cache.
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Drover.App.LocalPostgres;

/// <summary>The npm packages of PostgreSQL in a cache folder; safe when several processes fetch at once.</summary>
internal sealed class NpmPostgres(string cacheFolder, TimeProvider timeProvider)
{
    private static readonly TimeSpan s_lockPollInterval = TimeSpan.FromMilliseconds(100);

    // Long enough for another process's download over a slow line.
    private static readonly TimeSpan s_lockTimeout = TimeSpan.FromMinutes(10);

    /// <summary>The folder of the binaries of a package that was fetched before, or null.</summary>
    public static string? FindFetched(string cacheFolder, PostgresPackage package)
    {
        string bin = Path.Combine(FolderOf(cacheFolder, package), "bin");
        return File.Exists(Path.Combine(bin, "postgres")) ? bin : null;
    }

    /// <summary>The folder of the package's binaries; fetches it when it is not in the cache.</summary>
    /// <remarks>
    /// 1. Hold the lock file, so that one process fetches and the others wait.
    /// 2. Let npm download the tarball into a folder beside the final one.
    /// 3. Compare its sha512 with the lock file, unpack, make the links that a tarball of npm cannot hold.
    /// 4. Rename: the final folder is complete or absent, also after a crash.
    /// </remarks>
    /// <exception cref="LocalPostgresException">npm is missing or fails, or brings another tarball.</exception>
    public async Task<string> FetchAsync(PostgresPackage package, CancellationToken cancellationToken)
    {
        if (FindFetched(cacheFolder, package) is { } fetched)
        {
            return fetched;
        }
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
        {
            throw new LocalPostgresException(
                $"{package.Package} runs on Linux x64 only: install PostgreSQL and name its folder with --postgres-bin"
            );
        }
        CacheFolder.Create(cacheFolder);
        await using FileStream held = await LockAsync(cancellationToken);
        string target = FolderOf(cacheFolder, package);
        if (FindFetched(cacheFolder, package) is null)
        {
            string work = Path.Combine(cacheFolder, $".fetch-{Environment.ProcessId}");
            try
            {
                Directory.CreateDirectory(work);
                string tarball = await DownloadAsync(package, work, cancellationToken);
                await VerifyAsync(tarball, package, cancellationToken);
                string native = await UnpackAsync(tarball, work, cancellationToken);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                CacheFolder.MakeReadable(native);
                Directory.Move(native, target);
            }
            finally
            {
                Directory.Delete(work, recursive: true);
            }
        }
        return Path.Combine(target, "bin");
    }

    /// <summary>Compares a tarball with the hash in the lock file.</summary>
    public static async Task VerifyAsync(string tarball, PostgresPackage package, CancellationToken cancellationToken)
    {
        await using FileStream stream = File.OpenRead(tarball);
        string integrity = $"sha512-{Convert.ToBase64String(await SHA512.HashDataAsync(stream, cancellationToken))}";
        if (integrity != package.Integrity)
        {
            throw new LocalPostgresException(
                $"{package.Package} {package.Version} is not the pinned one: {integrity} instead of {package.Integrity}"
            );
        }
    }

    private static string FolderOf(string cacheFolder, PostgresPackage package) =>
        Path.Combine(cacheFolder, $"postgres-{package.Version}");

    private static async Task<string> DownloadAsync(
        PostgresPackage package,
        string work,
        CancellationToken cancellationToken
    )
    {
        string name = $"{package.Package}@{package.Version}";
        List<string> command =
        [
            "npm",
            "pack",
            name,
            "--silent",
            "--ignore-scripts",
            "--cache",
            Path.Combine(work, "npm"),
        ];
        CommandRun run;
        try
        {
            run = await CommandRun.RunAsync(command, work, cancellationToken);
        }
        catch (LocalPostgresException failure)
        {
            throw new LocalPostgresException(
                "PostgreSQL is fetched with npm, which is not on the PATH: install Node.js (https://nodejs.org), "
                    + "or name a folder of PostgreSQL's programs with --postgres-bin",
                failure
            );
        }
        string? tarball = Directory.EnumerateFiles(work, "*.tgz").FirstOrDefault();
        return run.ExitCode == 0 && tarball is not null
            ? tarball
            : throw new LocalPostgresException(
                $"npm could not fetch {name} (exit code {run.ExitCode}): {run.Error.Trim()}"
            );
    }

    private static async Task<string> UnpackAsync(string tarball, string work, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(tarball);
        await using GZipStream archive = new(file, CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(archive, work, overwriteFiles: false, cancellationToken);
        string package = Path.Combine(work, "package");
        string native = Path.Combine(package, "native");
        using JsonDocument links = JsonDocument.Parse(
            await File.ReadAllBytesAsync(Path.Combine(native, "pg-symlinks.json"), cancellationToken)
        );
        foreach (JsonElement link in links.RootElement.EnumerateArray())
        {
            string from = Path.GetFullPath(Path.Combine(package, link.GetProperty("target").GetString()!));
            string to = Path.GetFullPath(Path.Combine(package, link.GetProperty("source").GetString()!));
            File.CreateSymbolicLink(from, Path.GetRelativePath(Path.GetDirectoryName(from)!, to));
        }
        return native;
    }

    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(cacheFolder, ".lock");
        long started = timeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException failure)
            {
                if (timeProvider.GetElapsedTime(started) > s_lockTimeout)
                {
                    throw new LocalPostgresException($"{path} cannot be locked: {failure.Message}", failure);
                }
                await Task.Delay(s_lockPollInterval, timeProvider, cancellationToken);
            }
        }
    }
}
