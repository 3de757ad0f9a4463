// Changes of what is in a sharded schema go to its shard; what they name besides has to be there too.
using System.Collections.Frozen;
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Schemas;

/// <summary>
/// One statement's. A table of such a schema may point to tables of the schema and to reference tables; a view may read
/// them. What it is named with besides has to be in the schema too.
/// </summary>
internal sealed class PlacedSchemas(StatementFacts facts, PathFacts catalog)
{
    /// <summary>What comes to depend on the tables that it names.</summary>
    private static readonly FrozenSet<string> s_dependent = FrozenSet.ToFrozenSet([
        .. (string[])["ViewStmt", "CreateStmt", "AlterTableStmt", "CreateTableAsStmt", "RuleStmt", "CreateStatsStmt"],
        .. (string[])["CreateForeignTableStmt", "CreateTrigStmt", "CreatePolicyStmt", "AlterPolicyStmt", "IndexStmt"],
    ]);

    /// <summary>Kinds of objects whose names are in schemas, but for those of tables and the like.</summary>
    private static readonly FrozenSet<string> s_kinds = FrozenSet.ToFrozenSet([
        .. (string[])["OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE", "OBJECT_TYPE"],
        .. (string[])["OBJECT_DOMAIN", "OBJECT_COLLATION", "OBJECT_CONVERSION", "OBJECT_STATISTIC_EXT"],
        .. (string[])["OBJECT_TSCONFIGURATION", "OBJECT_TSDICTIONARY", "OBJECT_TSPARSER", "OBJECT_TSTEMPLATE"],
        .. (string[])["OBJECT_OPCLASS", "OBJECT_OPFAMILY", "OBJECT_OPERATOR"],
    ]);

    private readonly TableNames _names = catalog.Names;
    private readonly SqlNode _tree = facts.Tree!;
    private readonly List<Mention> _mentions = [];
    private RouteRefusal? _refusal;

    /// <summary>Something that is named.</summary>
    /// <param name="Schema">Its schema; empty where that is not known.</param>
    /// <param name="Shard">The shard that has the schema; 0 if the schema is not sharded.</param>
    /// <param name="Name">In full, for people.</param>
    /// <param name="Role">What it is, if it is a table.</param>
    private readonly record struct Mention(string Schema, int Shard, string Name, TableRole? Role = null);

    /// <summary>The route; null if the statement is about no sharded schema.</summary>
    public Route? Find()
    {
        if (_names.Map.Schemas.Count == 0)
        {
            return null;
        }
        if (RefuseSchema() is { } wrong)
        {
            return Route.Refused(wrong);
        }
        AddTables(_tree);
        foreach (NamedTable named in NamedObjects.Of(facts, _names) ?? [])
        {
            Add(named);
        }
        AddObjects();
        Mention[] placed = [.. _mentions.Where(static one => one.Shard > 0)];
        return _refusal is not null ? Route.Refused(_refusal)
            : placed.Length == 0 ? null
            : Refuse(placed) is { } refusal ? Route.Refused(refusal)
            : Route.One(placed[0].Shard);
    }

    private RouteRefusal? Refuse(Mention[] placed)
    {
        bool depends = s_dependent.Contains(facts.NodeName);
        Mention first = placed[0];
        if (facts.NodeName == "AlterObjectSchemaStmt")
        {
            return Refusals.LeavesSchema(first.Name, first.Schema);
        }
        foreach (Mention other in _mentions)
        {
            bool isOther = depends ? other.Schema != first.Schema : other.Shard != first.Shard;
            bool goesAlong =
                other.Role == TableRole.Unknown
                || (depends && other.Role == TableRole.Reference)
                || other is { Role: TableRole.Home, Schema: "pg_catalog" or "information_schema" };
            if (isOther && !goesAlong)
            {
                return Refusals.NotOfSchema(first.Schema, first.Name, other.Name);
            }
        }
        return null;
    }

    /// <summary>Statements about schemas themselves.</summary>
    private RouteRefusal? RefuseSchema()
    {
        string schema = facts.NodeName switch
        {
            "RenameStmt" when _tree.Text("renameType") == "OBJECT_SCHEMA" => _tree.Text("subname"),
            "AlterObjectSchemaStmt" => _tree.Text("newschema"),
            "CreateExtensionStmt" => _tree
                .List("options")
                .FirstOrDefault(static one => one.Text("defname") == "schema")
                ?.Child("arg")
                ?.Text("sval")
                ?? _names.New().Schema,
            _ => "",
        };
        return _names.Map.ShardOf(schema) == 0 ? null
            : facts.NodeName == "RenameStmt" ? Refusals.SchemaKeepsName(schema)
            : facts.NodeName == "CreateExtensionStmt" ? Refusals.ExtensionInSchema(schema)
            : Refusals.EntersSchema(schema);
    }

    private void AddTables(SqlNode node)
    {
        SqlNode? made = Made();
        foreach (SqlNode child in node.Children())
        {
            if (child.Kind == "RangeVar")
            {
                if (ReferenceEquals(child, made))
                {
                    AddNew(child.Text("schemaname"), child.Text("relname"), child.Text("relpersistence") == "t");
                }
                else
                {
                    Add(_names.Find(child.Text("schemaname"), child.Text("relname")));
                }
            }
            AddTables(child);
        }
    }

    /// <summary>The name of the table, view or sequence that is made.</summary>
    private SqlNode? Made() =>
        facts.NodeName switch
        {
            "CreateStmt" => _tree.Child("relation"),
            "CreateForeignTableStmt" => _tree.Child("base")?.Child("relation"),
            "ViewStmt" => _tree.Child("view"),
            "CreateSeqStmt" => _tree.Child("sequence"),
            "CompositeTypeStmt" => _tree.Child("typevar"),
            "CreateTableAsStmt" => _tree.Child("into")?.Child("rel"),
            _ => null,
        };

    private void AddNew(string schema, string name, bool isTemporary = false)
    {
        if (isTemporary)
        {
            // Where what the session does by its search_path finds it.
            _mentions.Add(new Mention("", _names.PathShard, name, TableRole.Unknown));
            return;
        }
        NewPlace place = schema.Length > 0 ? new NewPlace(schema, _names.Map.ShardOf(schema)) : _names.New();
        _refusal ??= place.Reason is { } reason ? Refusals.Name(reason) : null;
        _mentions.Add(
            new Mention(place.Schema, place.Shard, place.Schema.Length > 0 ? $"{place.Schema}.{name}" : name)
        );
    }

    private void Add(NamedTable named)
    {
        if (named.HidesReference)
        {
            _refusal ??= Refusals.Name($"a reference table has the name of {named.Name} too");
        }
        bool isLost = named is { Role: TableRole.Unknown, Name.Schema: "" };
        _mentions.Add(
            new Mention(
                named.Name.Schema,
                isLost ? _names.PathShard : named.Shard,
                $"{(isLost ? named.Name.Name : named.Name)}",
                named.Role
            )
        );
    }

    /// <summary>Functions, types and the like.</summary>
    private void AddObjects()
    {
        ImmutableArray<string> made = facts.NodeName switch
        {
            "CreateFunctionStmt" => _tree.Names("funcname"),
            "CreateEnumStmt" or "CreateRangeStmt" => _tree.Names("typeName"),
            "CreateDomainStmt" => _tree.Names("domainname"),
            "DefineStmt" => _tree.Names("defnames"),
            "CreateStatsStmt" => _tree.Names("defnames"),
            "CreateConversionStmt" => _tree.Names("conversion_name"),
            "CreateOpClassStmt" => _tree.Names("opclassname"),
            "CreateOpFamilyStmt" => _tree.Names("opfamilyname"),
            _ => [],
        };
        if (!made.IsEmpty && !(facts.NodeName == "CreateStatsStmt" && made.Length == 1))
        {
            AddNew(made.Length > 1 ? made[^2] : "", made[^1]);
        }
        foreach (ImmutableArray<string> used in Used())
        {
            AddUsed(used);
        }
        if (facts.NodeName == "ReindexStmt" && _tree.Text("kind") == "REINDEX_OBJECT_SCHEMA")
        {
            string schema = _tree.Text("name");
            _mentions.Add(new Mention(schema, _names.Map.ShardOf(schema), $"schema {schema}"));
        }
    }

    private IEnumerable<ImmutableArray<string>> Used()
    {
        SqlNode tree = _tree;
        switch (facts.NodeName)
        {
            case "AlterFunctionStmt":
                return [NamesOf(tree.Child("func"))];
            case "AlterEnumStmt" or "AlterDomainStmt" or "AlterTypeStmt":
                return [tree.Names("typeName")];
            case "AlterStatsStmt":
                return [tree.Names("defnames")];
        }
        string kind = facts.NodeName switch
        {
            "DropStmt" => tree.Text("removeType"),
            "CommentStmt" or "GrantStmt" => tree.Text("objtype"),
            "RenameStmt" => tree.Text("renameType"),
            "AlterOwnerStmt" or "AlterObjectSchemaStmt" or "AlterObjectDependsStmt" => tree.Text("objectType"),
            _ => "",
        };
        return !s_kinds.Contains(kind) ? []
            : facts.NodeName is "DropStmt" or "GrantStmt" ? tree.List("objects").Select(NamesOf)
            : [NamesOf(tree.Child("object"))];
    }

    private static ImmutableArray<string> NamesOf(SqlNode? node) =>
        node?.Kind switch
        {
            "ObjectWithArgs" => node.Names("objname"),
            "TypeName" => node.Names("names"),
            "List" => node.Names("items"),
            _ => [],
        };

    private void AddUsed(ImmutableArray<string> name)
    {
        if (name.IsEmpty)
        {
            return;
        }
        if (name.Length > 1)
        {
            _mentions.Add(new Mention(name[^2], _names.Map.ShardOf(name[^2]), string.Join('.', name)));
        }
        else if (_names.PathShard > 0)
        {
            string? schema = _names.SchemaOf(name[0]);
            _refusal ??= schema is null ? Refusals.Name($"{name[0]} may be that of several schemas") : null;
            NewPlace place = schema is null or "" ? _names.New() : new NewPlace(schema, _names.Map.ShardOf(schema));
            _mentions.Add(new Mention(place.Schema, place.Shard, name[0]));
        }
    }
}
