// Types that a sharding key can have: those whose hash is proved equal to the server's.
namespace Drover.Topology.Keys;

/// <summary>
/// What a sharding key is made of. Columns of one key type can be colocated: equal values of them have equal hashes.
/// </summary>
public enum KeyType
{
    /// <summary>smallint, integer, bigint.</summary>
    Bigint,

    /// <summary>text and varchar, under a deterministic collation.</summary>
    Text,

    /// <summary>character(n), whose trailing spaces do not count, under a deterministic collation.</summary>
    PaddedText,

    /// <summary>uuid.</summary>
    Uuid,

    /// <summary>numeric, whatever its scale.</summary>
    Numeric,

    /// <summary>date.</summary>
    Date,
}

/// <summary>Key types by the identifiers of PostgreSQL's types, which are fixed (pg_type.dat).</summary>
public static class KeyTypes
{
    /// <summary>The key type of a column or a parameter of this type; null when it cannot be a sharding key.</summary>
    /// <param name="typeOid">Identifier of a built-in type.</param>
    public static KeyType? Of(uint typeOid) =>
        typeOid switch
        {
            20 or 21 or 23 => KeyType.Bigint,
            25 or 1043 => KeyType.Text,
            1042 => KeyType.PaddedText,
            2950 => KeyType.Uuid,
            1700 => KeyType.Numeric,
            1082 => KeyType.Date,
            _ => null,
        };
}
