// What an archive holds and how it is proved: written beside the data, as JSON.
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Drover.Partitioning.Maintenance.Archives;

/// <summary>A column of an archive.</summary>
/// <param name="Name">Unquoted.</param>
/// <param name="Type">As <c>format_type</c> prints it, schema-qualified where it must be.</param>
/// <param name="IsNotNull">Whether it may not be NULL.</param>
internal sealed record ArchivedColumn(string Name, string Type, bool IsNotNull);

/// <summary>The manifest of one archived partition.</summary>
internal sealed record ArchiveManifest
{
    /// <summary>The format that this version writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Of the manifest and the data.</summary>
    public required int Format { get; init; }

    /// <summary>The partitioned table: schema, unquoted.</summary>
    public required string TableSchema { get; init; }

    /// <summary>The partitioned table: name, unquoted.</summary>
    public required string TableName { get; init; }

    /// <summary>The partition: schema, unquoted.</summary>
    public required string PartitionSchema { get; init; }

    /// <summary>The partition: name, unquoted.</summary>
    public required string PartitionName { get; init; }

    /// <summary><c>FOR VALUES FROM … TO …</c>.</summary>
    public required string Bounds { get; init; }

    /// <summary>The columns in the order of the data.</summary>
    public required IReadOnlyList<ArchivedColumn> Columns { get; init; }

    /// <summary>A CREATE TABLE that takes the data, should the partitioned table be no more.</summary>
    public required string Ddl { get; init; }

    /// <summary>How many rows.</summary>
    public required long Rows { get; init; }

    /// <summary>The data's file, in the manifest's folder: COPY's text format in UTF-8, compressed by gzip.</summary>
    public required string DataFile { get; init; }

    /// <summary>Its size.</summary>
    public required long FileBytes { get; init; }

    /// <summary>SHA-256 of the data before it was compressed, in hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The server that it came from.</summary>
    public required string ServerVersion { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset ArchivedAt { get; init; }

    /// <summary>The manifest's own file name.</summary>
    [JsonIgnore]
    public string ManifestFile => DataFile[..^ArchiveFile.DataSuffix.Length] + ArchiveFile.ManifestSuffix;
}

/// <summary>The manifest as JSON; made at compile time, so that NativeAOT can do it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ArchiveManifest))]
internal sealed partial class ArchiveJson : JsonSerializerContext
{
    /// <summary>The manifest's text.</summary>
    public static byte[] Write(ArchiveManifest manifest) =>
        JsonSerializer.SerializeToUtf8Bytes(manifest, Default.ArchiveManifest);

    /// <summary>The manifest of a text.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static ArchiveManifest Read(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, Default.ArchiveManifest) ?? throw new JsonException("the manifest is null");
}
