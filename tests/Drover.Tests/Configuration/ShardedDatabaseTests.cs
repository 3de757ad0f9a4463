// [sharded.NAME] is read, written and checked.
using Drover.Configuration;
using Drover.Configuration.Files;
using Drover.Topology;

namespace Drover.Tests.Configuration;

public sealed class ShardedDatabaseTests : IDisposable
{
    private const string Entries = "[databases.s1]\nhost = \"h\"\n[databases.s2]\nhost = \"h\"\n";

    private readonly ConfigurationFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Sharded_database_is_read_and_written_and_its_catalog_is_never_shown()
    {
        string toml = Entries + "[sharded.shop]\ncatalog = \"host=c password=hidden\"\nshards = [\"s1\", \"s2\"]\n";
        DroverOptions options = (await LoadAsync(toml)).Options!;
        ShardedDatabaseOptions shop = Assert.Single(options.Sharded);
        Assert.Equal(("shop", "host=c password=hidden"), (shop.Name, shop.Catalog));
        Assert.Equal(["s1", "s2"], shop.Shards);
        StringWriter written = new();
        TomlConfigurationWriter.Write(options, written);
        Assert.Equal(options, (await _folder.LoadTomlAsync(written.ToString())).Options);
        Assert.NotEqual(options, (await LoadAsync(toml.Replace("host=c", "host=d", StringComparison.Ordinal))).Options);
        ConfigurationResult wrong = await LoadAsync(Entries + "[sharded.shop]\ncatalog = [\"hidden\"]\n");
        Assert.DoesNotContain(wrong.Errors, error => error.Message.Contains("hidden", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[sharded.shop]\nshards = [\"s1\"]", "has no catalog")]
    [InlineData("[sharded.shop]\ncatalog = \"host=c\"", "has 0 shards")]
    [InlineData("[sharded.shop]\ncatalog = \"host=c\"\nshards = [\"s3\"]", "no database entry 's3'")]
    [InlineData("[sharded.shop]\ncatalog = \"host=c\"\nshards = [\"s1\", \"s1\"]", "is a shard of 'shop' already")]
    [InlineData("[sharded.s1]\ncatalog = \"host=c\"\nshards = [\"s2\"]", "is a database entry too")]
    [InlineData("[sharded.drover]\ncatalog = \"host=c\"\nshards = [\"s2\"]", "cannot be called")]
    [InlineData("[sharded.shop]\ncatalogue = \"host=c\"", "did you mean catalog?")]
    public async Task Misfit_is_refused(string toml, string expected)
    {
        ConfigurationResult result = await LoadAsync(Entries + toml);
        Assert.Contains(result.Errors, error => error.Message.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Most_shards_are_as_many_as_ids_have_room_for() =>
        Assert.Equal(Shard.NumberMax, ConfigurationLimits.ShardsMax);

    private Task<ConfigurationResult> LoadAsync(string toml) =>
        _folder.LoadTomlAsync("[proxy]\nunix_socket_dir = \"\"\nlisten_addr = \"127.0.0.1\"\n" + toml);
}
