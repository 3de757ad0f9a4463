// Certificates of both sides, read from their files as one: a reload takes all of them or none.
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Drover.Configuration;
using Drover.Pooling;
using Drover.Sessions;

namespace Drover.Proxy;

/// <summary>TLS towards clients and towards servers, ready for use.</summary>
internal sealed record TlsSetup(ClientTls Client, ServerTls Server)
{
    /// <summary>Reads the files. False with the side and the reason when one of them is no good.</summary>
    public static bool TryLoad(
        ProxyOptions options,
        [NotNullWhen(true)] out TlsSetup? setup,
        [NotNullWhen(false)] out string? problem
    )
    {
        setup = null;
        ClientTls? client = Load("client_tls", options.ClientTls, static tls => new ClientTls(tls), out problem);
        ServerTls? server = client is null
            ? null
            : Load("server_tls", options.ServerTls, static tls => new ServerTls(tls), out problem);
        if (client is null || server is null)
        {
            problem ??= "TLS files";
            return false;
        }
        setup = new TlsSetup(client, server);
        return true;
    }

    private static T? Load<T>(string side, TlsOptions options, Func<TlsOptions, T> read, out string? problem)
        where T : class
    {
        problem = null;
        try
        {
            return read(options);
        }
        catch (Exception failure)
            when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            string[] files = [options.KeyFile, options.CertFile, options.CaFile];
            string named = string.Join(", ", files.Where(static file => file.Length > 0));
            problem = $"{side}_key_file, {side}_cert_file, {side}_ca_file ({named}): {failure.Message}";
            return null;
        }
    }
}
