// [prices] and [prices.servers.NAME] are read, written and checked.
using Drover.Configuration;
using Drover.Configuration.Files;
using Drover.Configuration.Prices;

namespace Drover.Tests.Configuration;

public sealed class PriceConfigurationTests : IDisposable
{
    private const string Toml = """
        [prices]
        currency = "EUR"
        [prices.servers.shop]
        instance_month = 12000
        storage_gb_month = 0.115
        storage_gb = 2_000
        [prices.servers."the other"]
        iops_month = 0.10
        iops = 3000
        io_million = 0.2
        backup_gb_month = 0.095
        backup_gb = 10
        """;

    private readonly ConfigurationFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Prices_are_read_digit_by_digit_and_written_again()
    {
        DroverOptions options = (await LoadAsync(Toml)).Options!;
        Assert.Equal("EUR", options.Prices.Currency);
        ServerPriceOptions shop = options.ServerPrices[0];
        Assert.Equal(
            ("shop", 12_000m, 0.115m, 2_000m),
            (shop.Name, shop.InstanceMonth, shop.StorageGbMonth, shop.StorageGb)
        );
        // As it is written: 0.10 has two digits.
        Assert.Equal("0.10", options.ServerPrices[1].IopsMonth.ToString());
        StringWriter written = new();
        TomlConfigurationWriter.Write(options, written);
        Assert.Equal(options, (await _folder.LoadTomlAsync(written.ToString())).Options);
        Assert.NotEqual(options, (await LoadAsync(Toml.Replace("0.2", "0.3", StringComparison.Ordinal))).Options);
    }

    [Theory]
    [InlineData("[prices.servers.a]\nstorage_gb = 4", "server 'a' has no price")]
    [InlineData("[prices.servers.a]\ninstance_month = 4\nstorage_gb = 4", "storage_gb without storage_gb_month")]
    [InlineData("[prices.servers.a]\niops_month = 4", "iops_month without iops")]
    [InlineData("[prices.servers.a]\ninstance_month = -4", "is no amount")]
    [InlineData("[prices.servers.a]\ninstance_month = 1e3", "is no amount")]
    [InlineData("[prices.servers.a]\ninstance_month = nan", "is no amount")]
    [InlineData("[prices.servers.a]\ninstance_month = 1000000000001", "is no amount")]
    [InlineData("[prices.servers.a]\ninstance_month = \"4\"", "must be an amount")]
    [InlineData("[prices.servers.a]\ninstance_mont = 4", "did you mean instance_month?")]
    [InlineData("[prices]\ncurency = \"EUR\"", "did you mean currency?")]
    [InlineData("[price.servers.a]\ninstance_month = 4", "did you mean prices?")]
    public async Task Misfit_is_refused(string toml, string expected)
    {
        ConfigurationResult result = await LoadAsync(toml);
        Assert.Contains(result.Errors, error => error.Message.Contains(expected, StringComparison.Ordinal));
    }

    private Task<ConfigurationResult> LoadAsync(string toml) =>
        _folder.LoadTomlAsync("[proxy]\nunix_socket_dir = \"\"\nlisten_addr = \"127.0.0.1\"\n" + toml);
}
