// Patterns of cipher suites select what OpenSSL's own program says that they select.
using System.ComponentModel;
using System.Diagnostics;
using System.Net.Security;
using Drover.Configuration;

namespace Drover.Tests.Configuration;

public sealed class TlsCipherTests
{
    [Theory]
    [InlineData("HIGH:!aNULL")]
    [InlineData("HIGH:MEDIUM:+3DES:!aNULL")]
    [InlineData("EECDH+AESGCM,AES256-SHA")]
    [InlineData("DEFAULT:@SECLEVEL=1")]
    [InlineData("HIGH+EECDH:HIGH+EDH:HIGH+RSA:+SHA384:+SHA256:+SSLv3:+EDH:+RSA:-3DES:!CAMELLIA:!DSS:!aNULL")]
    [InlineData("ECDHE-ECDSA-AES256-GCM-SHA384")]
    [InlineData("compat", "HIGH:+3DES:!aNULL")]
    [InlineData("legacy", "HIGH:+3DES:!aNULL")]
    [InlineData("all", "ALL:!aNULL:!eNULL")]
    [InlineData("Insecure", "ALL:!aNULL:!eNULL")]
    public async Task Pattern_selects_what_OpenSSL_says(string setting, string? pattern = null)
    {
        Assert.Null(TlsCiphers.FindProblem(setting, is13: false));
        Assert.Equal(await AskOpenSslAsync(pattern ?? setting), Codes(TlsCiphers.Read(setting, "")));
    }

    [Theory]
    [InlineData("TLS_AES_128_GCM_SHA256")]
    [InlineData("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384")]
    public async Task Suites_of_tls_13_are_the_named_ones(string suites)
    {
        Assert.Null(TlsCiphers.FindProblem(suites, is13: true));
        string[] expected = await AskOpenSslAsync("HIGH:!aNULL", "-ciphersuites", suites);
        Assert.Equal(expected, Codes(TlsCiphers.Read("HIGH:!aNULL", suites)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("default", "")]
    [InlineData("Secure", "default")]
    [InlineData("fast", "")]
    [InlineData("normal", "")]
    public void Systems_choice_is_left_to_the_system(string upto12, string of13) =>
        Assert.Null(TlsCiphers.Read(upto12, of13));

    [Fact]
    public void Suites_of_tls_13_alone_leave_only_strong_ones_below()
    {
        IReadOnlyList<TlsCipherSuite> suites = TlsCiphers.Read("default", "TLS_AES_128_GCM_SHA256")!;
        Assert.Equal(TlsCipherSuite.TLS_AES_128_GCM_SHA256, suites[0]);
        Assert.Contains(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, suites);
        Assert.All(suites.Skip(1), suite => Assert.Matches("DHE.*(GCM|POLY1305)", suite.ToString()));
    }

    [Theory]
    [InlineData("NO-SUCH-SUITE", false)]
    [InlineData("HIGH:!ALL", false)]
    [InlineData("TLS_NOTHING", true)]
    public void Pattern_that_selects_nothing_is_a_problem(string setting, bool is13) =>
        Assert.Contains("selects no cipher suite", TlsCiphers.FindProblem(setting, is13), StringComparison.Ordinal);

    private static string[] Codes(IReadOnlyList<TlsCipherSuite>? suites) =>
        [.. suites!.Select(static suite => $"0x{(int)suite >> 8:X2},0x{(int)suite & 0xFF:X2}")];

    /// <summary>The two bytes of each suite, in order.</summary>
    private static async Task<string[]> AskOpenSslAsync(string pattern, params string[] more)
    {
        ProcessStartInfo start = new("openssl", ["ciphers", "-V", .. more, pattern]) { RedirectStandardOutput = true };
        try
        {
            using Process process = Process.Start(start)!;
            string said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            string[] lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return [.. lines.Select(static line => line.Split(' ')[0])];
        }
        catch (Win32Exception)
        {
            Assert.Skip("there is no openssl: apt-get install openssl");
            throw;
        }
    }
}
