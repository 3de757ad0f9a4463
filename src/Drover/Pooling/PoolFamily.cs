// What the pools of one sharded database and user have in common: a client goes from one to another.
using Drover.Pooling.Servers;
using Drover.Pooling.Statements;

namespace Drover.Pooling;

/// <summary>
/// Statements, parameter sets and names of settings that mean the same in every pool of a family. A pool of a database
/// that is one server is a family of its own.
/// </summary>
internal sealed class PoolFamily
{
    /// <summary>Prepared statements that clients share.</summary>
    public PreparedStatementRegistry Statements { get; } = new();

    /// <summary>Makes equal parameter sets one object.</summary>
    public ParameterInterner Parameters { get; } = new();

    /// <summary>Custom settings that clients use.</summary>
    public CustomSettings CustomSettings { get; } = new();
}
