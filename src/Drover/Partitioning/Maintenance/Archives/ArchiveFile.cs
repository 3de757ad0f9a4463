// The data's file: compressed while it is written, on the disk before it has its name, and measured as it is read back.
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Partitioning.Maintenance.Archives;

/// <summary>What is in a file of COPY's text format.</summary>
/// <param name="Rows">
/// Lines but the first, which names the columns: a line break in a value is written as two characters.
/// </param>
/// <param name="Sha256">Of the text, in hex.</param>
internal sealed record ArchiveContent(long Rows, string Sha256);

/// <summary>Reads and writes archive files.</summary>
internal static class ArchiveFile
{
    /// <summary>The ending of a data file.</summary>
    public const string DataSuffix = ".copy.gz";

    /// <summary>The ending of a manifest.</summary>
    public const string ManifestSuffix = ".manifest.json";

    /// <summary>
    /// COPY's options, both ways. The first line holds the names, so that no value can be taken for a BOM.
    /// </summary>
    public const string CopyOptions = "FORMAT text, ENCODING 'UTF8', HEADER";

    private const int BufferBytes = 128 * 1024;

    /// <summary>What is no UTF-8 is an error.</summary>
    public static UTF8Encoding Text { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes what <paramref name="source"/> gives, under a temporary name; what was written.</summary>
    public static async Task<ArchiveContent> WriteAsync(
        string temporary,
        TextReader source,
        CancellationToken cancellationToken
    )
    {
        await using FileStream file = Create(temporary);
        ArchiveContent content;
        await using (GZipStream gzip = new(file, CompressionLevel.Optimal, leaveOpen: true))
        {
            content = await EncodeAsync(source, gzip, cancellationToken);
        }
        file.Flush(flushToDisk: true);
        return content;
    }

    /// <summary>Reads a file to its end: what is in it.</summary>
    /// <exception cref="InvalidDataException">It is cut off or damaged.</exception>
    public static async Task<ArchiveContent> ReadAsync(string path, CancellationToken cancellationToken)
    {
        await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, true);
        await using GZipStream gzip = new(file, CompressionMode.Decompress);
        return await MeasureAsync(gzip, cancellationToken);
    }

    /// <summary>Writes a small file whole, on the disk before it has its name.</summary>
    public static async Task SaveAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        string temporary = path + ".tmp";
        await using (FileStream file = Create(temporary))
        {
            await file.WriteAsync(bytes, cancellationToken);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path);
    }

    private static async Task<ArchiveContent> EncodeAsync(
        TextReader source,
        GZipStream target,
        CancellationToken cancellationToken
    )
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Encoder encoder = Text.GetEncoder();
        char[] letters = new char[BufferBytes / 4];
        byte[] bytes = new byte[BufferBytes];
        long lines = 0;
        int read;
        do
        {
            read = await source.ReadAsync(letters, cancellationToken);
            int count = encoder.GetBytes(letters.AsSpan(0, read), bytes, flush: read == 0);
            hash.AppendData(bytes, 0, count);
            lines += bytes.AsSpan(0, count).Count((byte)'\n');
            await target.WriteAsync(bytes.AsMemory(0, count), cancellationToken);
        } while (read > 0);
        return new ArchiveContent(lines - 1, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static async Task<ArchiveContent> MeasureAsync(GZipStream source, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[BufferBytes];
        long lines = 0;
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        }
        return new ArchiveContent(lines - 1, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static FileStream Create(string path) =>
        new(
            path,
            new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
                BufferSize = BufferBytes,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        );
}
