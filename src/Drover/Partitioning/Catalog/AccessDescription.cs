// Who may do what with a relation: grants and policies.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog;

/// <param name="Grantee">Unquoted role; null is PUBLIC.</param>
/// <param name="Privilege"><c>SELECT</c>, <c>INSERT</c> and so on.</param>
/// <param name="IsGrantable">WITH GRANT OPTION.</param>
/// <param name="Grantor">Unquoted role.</param>
internal sealed record Grant(string? Grantee, string Privilege, bool IsGrantable, string Grantor);

/// <param name="IsDefault">Nobody ever granted or revoked: <c>relacl</c> is null.</param>
/// <param name="Grants">The owner's own included.</param>
internal sealed record AccessList(bool IsDefault, ImmutableArray<Grant> Grants);

/// <summary><c>pg_policy</c>.</summary>
internal sealed record PolicyDescription
{
    public required string Name { get; init; }
    public required QualifiedName Table { get; init; }

    /// <summary><c>ALL</c>, <c>SELECT</c>, <c>INSERT</c>, <c>UPDATE</c> or <c>DELETE</c>.</summary>
    public required string Command { get; init; }
    public bool IsPermissive { get; init; } = true;

    /// <summary>Unquoted; null is PUBLIC.</summary>
    public required ImmutableArray<string?> Roles { get; init; }
    public string? Using { get; init; }
    public string? WithCheck { get; init; }
    public string? Comment { get; init; }
}
