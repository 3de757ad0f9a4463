// Grants as they were on the old object, given on a new one.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

/// <summary>GRANT and REVOKE. All grants are given by the owner, whoever gave them once.</summary>
internal static class GrantSql
{
    /// <summary>
    /// A new relation's grants become exactly these: what default privileges have given is taken away first, whoever
    /// has set them by then.
    /// </summary>
    public static IEnumerable<string> OnRelation(QualifiedName name, string owner, AccessList access) =>
        On(
            $"TABLE {name}",
            $"(SELECT relacl FROM pg_class WHERE oid = {SqlText.Literal(name.ToString())}::regclass)",
            owner,
            access
        );

    /// <summary>The same for a sequence.</summary>
    public static IEnumerable<string> OnSequence(QualifiedName name, string owner, AccessList access) =>
        On(
            $"SEQUENCE {name}",
            $"(SELECT relacl FROM pg_class WHERE oid = {SqlText.Literal(name.ToString())}::regclass)",
            owner,
            access
        );

    /// <summary>The same for a function, given as <c>schema.name(types)</c>.</summary>
    public static IEnumerable<string> OnRoutine(string routine, string owner, AccessList access) =>
        On(
            $"ROUTINE {routine}",
            $"(SELECT proacl FROM pg_proc WHERE oid = {SqlText.Literal(routine)}::regprocedure)",
            owner,
            access
        );

    /// <summary>One grant.</summary>
    /// <param name="grant">To whom and what.</param>
    /// <param name="columns">Columns in parentheses, after a blank; or nothing.</param>
    /// <param name="thing">What it is on.</param>
    public static string Give(Grant grant, string columns, string thing) =>
        $"GRANT {grant.Privilege}{columns} ON {thing} TO {SqlText.Role(grant.Grantee)}"
        + (grant.IsGrantable ? " WITH GRANT OPTION" : "");

    private static string Acl(string column, string catalog, string name, string type) =>
        $"(SELECT {column} FROM {catalog} WHERE oid = {SqlText.Literal(name)}::{type})";

    // A new thing without grants has the default ones, as the old one that never got any; else all are given anew,
    // the owner's own and PUBLIC's too, which default privileges may have changed.
    private static IEnumerable<string> On(string thing, string acl, string owner, AccessList access)
    {
        string[] grants =
        [
            $"REVOKE ALL ON {thing} FROM PUBLIC, {SqlText.Name(owner)}",
            .. access.Grants.Select(grant => Give(grant, "", thing)),
        ];
        string condition = access.IsDefault ? $"{acl} IS NOT NULL" : "true";
        yield return SqlText.Block(
            $"""
            DECLARE role text;
            BEGIN
              IF {condition} THEN
                FOR role IN SELECT DISTINCT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END
                  FROM aclexplode({acl}) AS g LEFT JOIN pg_roles AS r ON r.oid = g.grantee
                LOOP
                  EXECUTE {SqlText.Literal($"REVOKE ALL ON {thing} FROM ")} || role;
                END LOOP;
                {string.Concat(grants.Select(grant => grant + "; "))}
              END IF;
            END
            """
        );
    }
}
