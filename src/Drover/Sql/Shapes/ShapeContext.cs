// What beside its text decides what a statement means.
using System.Buffers.Binary;

namespace Drover.Sql.Shapes;

/// <summary>
/// Part of every key: the same text under another search_path may name other tables, and after a change of the catalogs
/// it may be another statement. Immutable; one per distinct set of values, made when a session's setting changes
/// and not per statement.
/// </summary>
internal sealed class ShapeContext
{
    private readonly byte[] _prefix;

    /// <summary>Makes one.</summary>
    /// <param name="searchPath">The session's search_path as the server reports it.</param>
    /// <param name="catalogEpoch">Of what is known of the servers' catalogs; grows with every change.</param>
    /// <param name="conformingStrings">The session's standard_conforming_strings.</param>
    public ShapeContext(ReadOnlySpan<byte> searchPath, long catalogEpoch, bool conformingStrings = true)
    {
        ConformingStrings = conformingStrings;
        _prefix = new byte[sizeof(long) + 1 + sizeof(int) + searchPath.Length];
        BinaryPrimitives.WriteInt64LittleEndian(_prefix, catalogEpoch);
        _prefix[sizeof(long)] = conformingStrings ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(_prefix.AsSpan(sizeof(long) + 1), searchPath.Length);
        searchPath.CopyTo(_prefix.AsSpan(sizeof(long) + 1 + sizeof(int)));
        Seed = (long)SeededHash.Of(_prefix);
    }

    /// <summary>How strings are read.</summary>
    public bool ConformingStrings { get; }

    /// <summary>Stands in front of every key.</summary>
    public ReadOnlySpan<byte> Prefix => _prefix;

    /// <summary>Where the hash of a text begins, so that the prefix need not be hashed again.</summary>
    public long Seed { get; }
}
