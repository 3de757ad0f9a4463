// Comments and security labels of the table, its columns, indexes and constraints.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

internal static class TextSql
{
    /// <summary>What hung on the old table's parts, put on the new one's once they have the names.</summary>
    public static IEnumerable<string> Of(TableDescription table)
    {
        if (table.Comment is not null)
        {
            yield return $"COMMENT ON TABLE {table.Name} IS {SqlText.Literal(table.Comment)}";
        }
        foreach (ColumnDescription column in table.Columns.Where(column => column.Comment is not null))
        {
            string name = $"{table.Name}.{SqlText.Name(column.Name)}";
            yield return $"COMMENT ON COLUMN {name} IS {SqlText.Literal(column.Comment!)}";
        }
        foreach (IndexDescription index in table.Indexes.Where(index => index.Comment is not null))
        {
            yield return IfThere(
                $"to_regclass({SqlText.Literal(index.Name.ToString())}) IS NOT NULL",
                $"COMMENT ON INDEX {index.Name} IS {SqlText.Literal(index.Comment!)}"
            );
        }
        foreach (
            ConstraintDescription constraint in table.Constraints.Where(constraint => constraint.Comment is not null)
        )
        {
            string name = SqlText.Name(constraint.Name);
            yield return IfThere(
                "EXISTS (SELECT FROM pg_constraint WHERE conrelid = "
                    + $"{SqlText.Literal(table.Name.ToString())}::regclass "
                    + $"AND conname = {SqlText.Literal(constraint.Name)})",
                $"COMMENT ON CONSTRAINT {name} ON {table.Name} IS {SqlText.Literal(constraint.Comment!)}"
            );
        }
        foreach (SecurityLabel label in table.SecurityLabels)
        {
            string on = label.Column is null
                ? $"TABLE {table.Name}"
                : $"COLUMN {table.Name}.{SqlText.Name(label.Column)}";
            yield return $"SECURITY LABEL FOR {SqlText.Name(label.Provider)} ON {on} IS {SqlText.Literal(label.Label)}";
        }
    }

    // A key that could not be kept has taken its comment with it.
    private static string IfThere(string condition, string statement) =>
        SqlText.Block($"BEGIN IF {condition} THEN {statement}; END IF; END");
}
