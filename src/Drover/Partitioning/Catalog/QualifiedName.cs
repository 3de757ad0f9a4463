// The name of a relation or another object of a schema.
namespace Drover.Partitioning.Catalog;

/// <summary>Schema and name, unquoted; <see cref="ToString"/> is what belongs into SQL.</summary>
internal readonly record struct QualifiedName(string Schema, string Name)
{
    /// <summary>The same schema, another name.</summary>
    public QualifiedName WithName(string name) => this with { Name = name };

    public override string ToString() => $"{SqlText.Name(Schema)}.{SqlText.Name(Name)}";
}
