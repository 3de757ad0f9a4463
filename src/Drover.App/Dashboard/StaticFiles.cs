// The page's own files, from inside the program: no folder is served, so no path can lead out of one.
using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard;

/// <summary>Answers from memory, with an ETag, so that a browser fetches each file once per version.</summary>
internal sealed class StaticFiles
{
    private const string Prefix = "Drover.App.Dashboard.Assets.";

    /// <summary>Paths of the pages; all are the same document, which shows what its address says.</summary>
    public static readonly IReadOnlyList<string> Pages =
    [
        "/",
        "/statements",
        "/tables",
        "/pools",
        "/shards",
        "/operations",
        "/advice",
        "/growth",
    ];

    private readonly FrozenDictionary<string, Asset> _byPath;

    /// <summary>A file with its form of gzip.</summary>
    private sealed record Asset(string Type, string Tag, byte[] Plain, byte[] Compressed);

    private StaticFiles(FrozenDictionary<string, Asset> byPath) => _byPath = byPath;

    /// <summary>Reads all of them.</summary>
    public static StaticFiles Load()
    {
        Dictionary<string, Asset> byPath = [];
        Assembly assembly = typeof(StaticFiles).Assembly;
        foreach (string name in assembly.GetManifestResourceNames())
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                string file = name[Prefix.Length..];
                using Stream stream = assembly.GetManifestResourceStream(name)!;
                byPath["/static/" + file] = Read(stream, TypeOf(file));
            }
        }
        foreach (string page in Pages)
        {
            byPath[page] = byPath["/static/index.html"];
        }
        byPath[DashboardServer.LoginPath] = byPath["/static/login.html"];
        return new StaticFiles(byPath.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>Whether there is a file of this path.</summary>
    public bool Has(string path) => _byPath.ContainsKey(path);

    /// <summary>Answers with the file.</summary>
    public async Task ServeAsync(HttpContext context, string path)
    {
        Asset asset = _byPath[path];
        HttpResponse response = context.Response;
        // Always asked again, and answered in a few bytes while it is the same.
        response.Headers.CacheControl = "no-cache";
        response.Headers.ETag = asset.Tag;
        response.Headers.Vary = "Accept-Encoding";
        if (context.Request.Headers.IfNoneMatch == asset.Tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        bool compress = context
            .Request.Headers.AcceptEncoding.ToString()
            .Contains("gzip", StringComparison.OrdinalIgnoreCase);
        byte[] bytes = compress ? asset.Compressed : asset.Plain;
        response.ContentType = asset.Type;
        response.ContentLength = bytes.Length;
        if (compress)
        {
            response.Headers.ContentEncoding = "gzip";
        }
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static Asset Read(Stream stream, string type)
    {
        using MemoryStream plain = new();
        stream.CopyTo(plain);
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(plain.GetBuffer(), 0, (int)plain.Length);
        }
        byte[] bytes = plain.ToArray();
        string tag = $"\"{Convert.ToHexString(SHA256.HashData(bytes).AsSpan(0, 12))}\"";
        return new Asset(type, tag, bytes, compressed.ToArray());
    }

    private static string TypeOf(string file) =>
        Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
}
