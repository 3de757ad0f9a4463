// Casts that leave a key's value as it is.
using Drover.Topology.Keys;

namespace Drover.Routing.Keys;

/// <summary>
/// The statement names a type as it likes; <c>bigint</c> is <c>pg_catalog.int8</c> to the grammar. A cast to another
/// type than the key's compares in that type, where other values can be equal, or rounds.
/// </summary>
internal static class KeyCasts
{
    /// <summary>The key type of a cast's target; null if it is none.</summary>
    public static KeyType? Target(string cast) =>
        Plain(cast) switch
        {
            "int2" or "int4" or "int8" => KeyType.Bigint,
            "text" or "varchar" => KeyType.Text,
            "bpchar" => KeyType.PaddedText,
            "uuid" => KeyType.Uuid,
            "numeric" => KeyType.Numeric,
            "date" => KeyType.Date,
            _ => null,
        };

    /// <summary>Whether a value that is cast so can be told: no cast, or one to a type that compares alike.</summary>
    public static bool Keeps(KeyType key, string cast) =>
        cast.Length == 0
        || (key, Target(cast)) switch
        {
            (_, null) => false,
            (KeyType.Bigint, KeyType.Numeric) or (KeyType.Numeric, KeyType.Bigint) => true,
            // Compared as text, a padded key has lost its padding; what has some equals none then.
            (KeyType.PaddedText, KeyType.Text) => true,
            var (type, target) => type == target,
        };

    private static string Plain(string cast) =>
        cast.StartsWith("pg_catalog.", StringComparison.Ordinal) ? cast["pg_catalog.".Length..] : cast;
}
