// The modes of table locks, weakest first, under the names of the manual's section 13.3.1.
using System.Text.Json.Serialization;

namespace Drover.Operations.Plans;

/// <summary>A table-level lock; see "Explicit Locking" in PostgreSQL's manual.</summary>
internal enum TableLockMode
{
    /// <summary>Taken by SELECT; conflicts only with ACCESS EXCLUSIVE.</summary>
    [JsonStringEnumMemberName("ACCESS SHARE")]
    AccessShare,

    /// <summary>Taken by SELECT … FOR UPDATE and its kin.</summary>
    [JsonStringEnumMemberName("ROW SHARE")]
    RowShare,

    /// <summary>Taken by INSERT, UPDATE, DELETE, MERGE.</summary>
    [JsonStringEnumMemberName("ROW EXCLUSIVE")]
    RowExclusive,

    /// <summary>
    /// Taken by VACUUM, CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT; no conflict with reads and writes.
    /// </summary>
    [JsonStringEnumMemberName("SHARE UPDATE EXCLUSIVE")]
    ShareUpdateExclusive,

    /// <summary>Taken by CREATE INDEX; stops writers.</summary>
    [JsonStringEnumMemberName("SHARE")]
    Share,

    /// <summary>Taken by CREATE TRIGGER; stops writers.</summary>
    [JsonStringEnumMemberName("SHARE ROW EXCLUSIVE")]
    ShareRowExclusive,

    /// <summary>Lets only readers through.</summary>
    [JsonStringEnumMemberName("EXCLUSIVE")]
    Exclusive,

    /// <summary>Stops everybody, readers too.</summary>
    [JsonStringEnumMemberName("ACCESS EXCLUSIVE")]
    AccessExclusive,
}

/// <summary>A lock that a step takes.</summary>
/// <param name="Mode">How strong.</param>
/// <param name="Relation">On what: a name as a person knows it, schema-qualified.</param>
internal sealed record LockClaim(TableLockMode Mode, string Relation);
