// OpenSSL's own reading of cipher patterns, from the library that the runtime's TLS uses.
using System.Net.Security;
using System.Runtime.InteropServices;

namespace Drover.Configuration;

/// <summary>
/// Asks a context of libssl what a pattern selects. The library is found as the runtime finds it: of the version that
/// CLR_OPENSSL_VERSION_OVERRIDE names, or else the newest.
/// </summary>
internal static unsafe class OpenSslCiphers
{
    private static readonly nint Library = Load();

    public static bool IsLoaded => Library != 0;

    /// <summary>The suites in OpenSSL's order; null when one of the two selects nothing.</summary>
    /// <param name="pattern">Of suites up to TLS 1.2; null for OpenSSL's default.</param>
    /// <param name="suites13">Names of suites of TLS 1.3; null for OpenSSL's default.</param>
    public static IReadOnlyList<TlsCipherSuite>? Expand(string? pattern, string? suites13)
    {
        var newContext = (delegate* unmanaged<nint, nint>)Find("SSL_CTX_new");
        var free = (delegate* unmanaged<nint, void>)Find("SSL_CTX_free");
        var clearErrors = (delegate* unmanaged<void>)Find("ERR_clear_error");
        nint context = newContext(((delegate* unmanaged<nint>)Find("TLS_method"))());
        if (context == 0)
        {
            throw new InvalidOperationException("OpenSSL has no room for a TLS context");
        }
        try
        {
            bool selects =
                Take(context, "SSL_CTX_set_ciphersuites", suites13)
                && Take(context, "SSL_CTX_set_cipher_list", pattern);
            return selects ? List(context) : null;
        }
        finally
        {
            free(context);
            // What went wrong is queued per thread: the next handshake on this one must not take it for its own.
            clearErrors();
        }
    }

    private static bool Take(nint context, string setter, string? text)
    {
        if (text is null)
        {
            return true;
        }
        nint bytes = Marshal.StringToCoTaskMemUTF8(text);
        try
        {
            return ((delegate* unmanaged<nint, nint, int>)Find(setter))(context, bytes) == 1;
        }
        finally
        {
            Marshal.FreeCoTaskMem(bytes);
        }
    }

    private static List<TlsCipherSuite> List(nint context)
    {
        var count = (delegate* unmanaged<nint, int>)Find("OPENSSL_sk_num");
        var at = (delegate* unmanaged<nint, int, nint>)Find("OPENSSL_sk_value");
        var idOf = (delegate* unmanaged<nint, ushort>)Find("SSL_CIPHER_get_protocol_id");
        nint stack = ((delegate* unmanaged<nint, nint>)Find("SSL_CTX_get_ciphers"))(context);
        List<TlsCipherSuite> suites = [];
        for (int i = 0; i < count(stack); i++)
        {
            suites.Add((TlsCipherSuite)idOf(at(stack, i)));
        }
        return suites;
    }

    private static nint Find(string function) => NativeLibrary.GetExport(Library, function);

    private static nint Load()
    {
        string? chosen = Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE");
        string[] names = ["libssl.so.3", "libssl.so.1.1", "libssl.so"];
        foreach (string name in string.IsNullOrEmpty(chosen) ? names : [$"libssl.so.{chosen}", .. names])
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }
        return 0;
    }
}
