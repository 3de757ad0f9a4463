// The partitioned table that a table is converted into, with its partitions, before it holds a row.
using System.Text;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// DDL of the target. It begins without what would cost the copy or could fail the mirror: secondary indexes come after
/// the copy, foreign keys and triggers at the cut-over.
/// </summary>
/// <param name="table">The source.</param>
/// <param name="layout">The tables.</param>
internal sealed class TargetTable(TableDescription table, ConversionLayout layout)
{
    /// <summary>Suffix of names that the target's objects have until they get the source's.</summary>
    public const string NewSuffix = "__drover_new";

    /// <summary>Suffix of names that the source's objects have once they have lost them.</summary>
    public const string OldSuffix = "__drover_old";

    /// <summary>The table, its partitions, their owner and grants.</summary>
    public IEnumerable<string> Create(PartitionScheme scheme, IReadOnlyList<PartitionRange> ranges)
    {
        yield return CreateParent();
        foreach (string setting in ColumnSettings(table.Columns))
        {
            yield return setting;
        }
        yield return PlaceKey();
        foreach (string grant in Access(layout.NewTable))
        {
            yield return grant;
        }
        List<(QualifiedName Name, string Bound)> partitions =
        [
            .. ranges.Select(range =>
                (table.Name.WithName(PartitionName.Of(table.Name.Name, scheme, range)), scheme.ForValues(range))
            ),
            (DefaultPartition, "DEFAULT"),
        ];
        foreach ((QualifiedName name, string bound) in partitions)
        {
            foreach (string statement in CreatePartition(name, bound))
            {
                yield return statement;
            }
        }
        foreach (string statement in EarlyReplicaIdentity(partitions.Select(partition => partition.Name)))
        {
            yield return statement;
        }
    }

    // A publication of all tables, or of the schema, carries the target too, and without a replica identity the mirror
    // could not update it: the application's UPDATE would fail. A primary key is one; the source's own comes at the
    // cut-over, when its index is there.
    private IEnumerable<string> EarlyReplicaIdentity(IEnumerable<QualifiedName> partitions) =>
        LayoutReader.FindIdentity(table)!.IsPrimary
        || table.ReplicaIdentity is ReplicaIdentity.Default or ReplicaIdentity.Nothing
            ? []
            : partitions.Prepend(layout.NewTable).Select(relation => $"ALTER TABLE {relation} REPLICA IDENTITY FULL");

    /// <summary>The default partition: no row is refused while the conversion runs.</summary>
    public QualifiedName DefaultPartition => table.Name.WithName(PartitionName.OfDefault(table.Name.Name));

    /// <summary>Removes all of it.</summary>
    public string Drop() => $"DROP TABLE IF EXISTS {layout.NewTable}";

    /// <summary>Adds a column that the source has got meanwhile.</summary>
    /// <param name="column">The column.</param>
    /// <param name="first">What rows that are there begin with, as a constant; null: NULL.</param>
    /// <param name="partitions">The partitions, which have some settings of their own.</param>
    public IEnumerable<string> AddColumn(
        ColumnDescription column,
        string? first,
        IReadOnlyList<QualifiedName> partitions
    )
    {
        string name = SqlText.Name(column.Name);
        yield return $"ALTER TABLE {layout.NewTable} ADD COLUMN {Column(column with { Default = first })}";
        yield return $"ALTER TABLE {layout.NewTable} ALTER {name} "
            + (column.Default is null ? "DROP DEFAULT" : $"SET DEFAULT {column.Default}");
        foreach (string setting in ColumnSettings([column]))
        {
            yield return setting;
        }
        foreach (string setting in partitions.SelectMany(partition => StatisticsSettings(partition, [column])))
        {
            yield return setting;
        }
        foreach (
            string grant in partitions.Prepend(layout.NewTable).SelectMany(relation => ColumnGrants(relation, column))
        )
        {
            yield return grant;
        }
    }

    /// <summary>A partition as the source was: storage options, owner, grants, statistics targets.</summary>
    public IEnumerable<string> CreatePartition(QualifiedName name, string bound)
    {
        IEnumerable<string> options = table.Options.Concat(table.ToastOptions.Select(option => $"toast.{option}"));
        StringBuilder create = new($"CREATE TABLE {name} PARTITION OF {layout.NewTable} {bound}");
        create.Append(table.IsHeap ? "" : $" USING {SqlText.Name(table.AccessMethod)}");
        create.Append(options.Any() ? $" WITH ({string.Join(", ", options)})" : "");
        create.Append(table.Tablespace is null ? "" : $" TABLESPACE {SqlText.Name(table.Tablespace)}");
        yield return create.ToString();
        foreach (string setting in StatisticsSettings(name, table.Columns))
        {
            yield return setting;
        }
        foreach (string grant in Access(name))
        {
            yield return grant;
        }
    }

    private string CreateParent()
    {
        IEnumerable<string> columns = table.Columns.Select(Column);
        // What is not validated holds for new rows only: the copy could not bring the old ones. It comes at the
        // cut-over.
        IEnumerable<string> checks = table
            .Constraints.Where(constraint => constraint is { Kind: ConstraintKind.Check, IsValidated: true })
            .Select(constraint => $"CONSTRAINT {SqlText.Name(constraint.Name)} {constraint.Definition}");
        // Holds nothing itself: partitions that are made later lie there.
        string tablespace = table.Tablespace is null ? "" : $" TABLESPACE {SqlText.Name(table.Tablespace)}";
        return $"""
            CREATE TABLE {layout.NewTable} (
              {string.Join(",\n  ", columns.Concat(checks))}
            ) PARTITION BY RANGE ({SqlText.Name(layout.Key)}){tablespace}
            """;
    }

    private string Column(ColumnDescription column)
    {
        StringBuilder text = new($"{SqlText.Name(column.Name)} {column.Type}");
        text.Append(column.Compression is null ? "" : $" COMPRESSION {column.Compression}");
        text.Append(column.Collation is null ? "" : $" COLLATE {column.Collation}");
        if (column.IsNotNull || layout.Place.Contains(column.Name))
        {
            text.Append($" CONSTRAINT {SqlText.Name(NotNullName(column))} NOT NULL");
        }
        if (column.IsGenerated)
        {
            string kept = column.Generation == Generation.Stored ? "STORED" : "VIRTUAL";
            text.Append($" GENERATED ALWAYS AS ({column.GenerationExpression}) {kept}");
        }
        else if (column.Identity != IdentityKind.None)
        {
            text.Append($" {Identity(column)}");
        }
        else if (column.Default is not null)
        {
            text.Append($" DEFAULT {column.Default}");
        }
        return text.ToString();
    }

    /// <summary>GENERATED … AS IDENTITY with the options of its sequence.</summary>
    public string Identity(ColumnDescription column) =>
        $"GENERATED {(column.Identity == IdentityKind.Always ? "ALWAYS" : "BY DEFAULT")} AS IDENTITY"
        + SequenceOptions(column.Name);

    // Since PostgreSQL 18 it is a constraint with a name: the source's, or the one that PostgreSQL would have given it
    // there. Before, the name goes nowhere.
    private string NotNullName(ColumnDescription column) =>
        table
            .Constraints.FirstOrDefault(constraint =>
                constraint.Kind == ConstraintKind.NotNull && constraint.Columns is [string only] && only == column.Name
            )
            ?.Name
        ?? PartitionName.Fit($"{table.Name.Name}_{column.Name}", "_not_null");

    private string SequenceOptions(string column)
    {
        SequenceDescription? own = table.Sequences.FirstOrDefault(sequence =>
            sequence.IsIdentity && sequence.OwnedByColumn == column
        );
        return own is null
            ? ""
            : string.Create(
                null,
                $" (START {own.Start} INCREMENT {own.Increment} MINVALUE {own.Minimum} MAXVALUE "
                    + $"{own.Maximum} CACHE {own.Cache} {(own.IsCycling ? "CYCLE" : "NO CYCLE")})"
            );
    }

    private IEnumerable<string> ColumnSettings(IReadOnlyList<ColumnDescription> columns)
    {
        foreach (ColumnDescription column in columns.Where(column => column.Storage is not null))
        {
            yield return $"ALTER TABLE {layout.NewTable} ALTER {SqlText.Name(column.Name)} SET STORAGE "
                + $"{column.Storage}";
        }
        foreach (string setting in StatisticsSettings(layout.NewTable, columns))
        {
            yield return setting;
        }
        // ANALYZE of a partitioned table looks at the option for the whole tree only (manual, ALTER TABLE).
        const string Own = "n_distinct=";
        const string OfTree = "n_distinct_inherited=";
        foreach (ColumnDescription column in columns)
        {
            if (
                column.Options.FirstOrDefault(option => option.StartsWith(Own, StringComparison.Ordinal)) is { } own
                && !column.Options.Any(option => option.StartsWith(OfTree, StringComparison.Ordinal))
            )
            {
                yield return $"ALTER TABLE {layout.NewTable} ALTER {SqlText.Name(column.Name)} SET "
                    + $"({OfTree}{own[Own.Length..]})";
            }
        }
    }

    // Not inherited: the table's and each partition's own.
    private static IEnumerable<string> StatisticsSettings(
        QualifiedName relation,
        IReadOnlyList<ColumnDescription> columns
    )
    {
        foreach (ColumnDescription column in columns.Where(column => column.StatisticsTarget is not null))
        {
            yield return $"ALTER TABLE {relation} ALTER {SqlText.Name(column.Name)} SET STATISTICS "
                + $"{column.StatisticsTarget}";
        }
        foreach (ColumnDescription column in columns.Where(column => column.Options.Length > 0))
        {
            yield return $"ALTER TABLE {relation} ALTER {SqlText.Name(column.Name)} SET "
                + $"({string.Join(", ", column.Options)})";
        }
    }

    // The copy and the mirror need it to see a row that is there already, so it cannot wait for the other indexes.
    private string PlaceKey()
    {
        IndexDescription identity = LayoutReader.FindIdentity(table)!;
        string name = SqlText.Name(PartitionName.Fit(identity.Name.Name, NewSuffix));
        string include =
            identity.IncludedColumns.Length == 0 ? "" : $" INCLUDE ({SqlText.Names(identity.IncludedColumns)})";
        string options = identity.Options.Length == 0 ? "" : $" WITH ({string.Join(", ", identity.Options)})";
        string columns = $"({SqlText.Names(layout.Place)}){include}{options}";
        string space = identity.Tablespace is null ? "" : $" TABLESPACE {SqlText.Name(identity.Tablespace)}";
        string add = $"ALTER TABLE {layout.NewTable} ADD CONSTRAINT {name}";
        string usingIndex = space.Length == 0 ? "" : $" USING INDEX{space}";
        return identity switch
        {
            { IsPrimary: true } => $"{add} PRIMARY KEY {columns}{usingIndex}",
            { ConstraintName: not null } => $"{add} UNIQUE {columns}{usingIndex}",
            _ => $"CREATE UNIQUE INDEX {name} ON {layout.NewTable} {columns}{space}",
        };
    }

    // Privileges let a role name a partition, past the policies of the table: without policies of its own it shows no
    // row to anybody but its owner, who writes here for the mirror and the copy.
    private IEnumerable<string> Access(QualifiedName relation)
    {
        yield return $"ALTER TABLE {relation} OWNER TO {SqlText.Name(table.Owner)}";
        if (table.IsRowSecurityEnabled)
        {
            yield return $"ALTER TABLE {relation} ENABLE ROW LEVEL SECURITY";
        }
        // Default privileges give some to the owner too, which are taken away with the rest: so all are given anew.
        bool isAsItComes = table.Access.IsDefault && table.DefaultPrivilegeGrantees.IsEmpty;
        IEnumerable<string> unasked = table.DefaultPrivilegeGrantees.Append(SqlText.Name(table.Owner)).Append("PUBLIC");
        foreach (string grantee in isAsItComes ? [] : unasked.Distinct())
        {
            yield return $"REVOKE ALL ON {relation} FROM {grantee}";
        }
        foreach (Grant grant in isAsItComes ? [] : table.Access.Grants)
        {
            yield return Give(relation, grant, "");
        }
        foreach (string grant in table.Columns.SelectMany(column => ColumnGrants(relation, column)))
        {
            yield return grant;
        }
    }

    private static IEnumerable<string> ColumnGrants(QualifiedName relation, ColumnDescription column) =>
        column.Grants.Select(grant => Give(relation, grant, $" ({SqlText.Name(column.Name)})"));

    private static string Give(QualifiedName relation, Grant grant, string column) =>
        $"GRANT {grant.Privilege}{column} ON {relation} TO {SqlText.Role(grant.Grantee)}"
        + (grant.IsGrantable ? " WITH GRANT OPTION" : "");
}
