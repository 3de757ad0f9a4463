// The root of a loaded configuration: immutable, and swapped whole on RELOAD.
using System.Collections.Immutable;
using Drover.Configuration.Authentication;
using Drover.Configuration.Prices;

namespace Drover.Configuration;

/// <summary>All that a configuration file says.</summary>
internal sealed record DroverOptions
{
    /// <summary>Settings of the process and defaults of all pools.</summary>
    public ProxyOptions Proxy { get; init; } = new();

    /// <summary>The databases that clients may name, in the file's order, without the fallback.</summary>
    public ImmutableArray<DatabaseOptions> Databases { get; init; } = [];

    /// <summary>The <c>*</c> entry: it serves every database name that has no entry of its own.</summary>
    public DatabaseOptions? FallbackDatabase { get; init; }

    /// <summary>Databases that are many servers.</summary>
    public ImmutableArray<ShardedDatabaseOptions> Sharded { get; init; } = [];

    /// <summary>Users with settings of their own.</summary>
    public ImmutableArray<UserOptions> Users { get; init; } = [];

    /// <summary>Other proxies that cancel requests may be handed to.</summary>
    public ImmutableArray<PeerOptions> Peers { get; init; } = [];

    /// <summary>How servers are measured.</summary>
    public MonitorOptions Monitor { get; init; } = new();

    /// <summary>Servers that are measured.</summary>
    public ImmutableArray<MonitoredServerOptions> MonitoredServers { get; init; } = [];

    /// <summary>What holds for all prices.</summary>
    public PriceOptions Prices { get; init; } = new();

    /// <summary>What servers cost.</summary>
    public ImmutableArray<ServerPriceOptions> ServerPrices { get; init; } = [];

    /// <summary>Users, rules and maps from the files that the settings name.</summary>
    public AuthenticationFiles AuthenticationFiles { get; init; } = new();

    /// <summary>What was read but not understood, or is of no effect here; for the log.</summary>
    public ImmutableArray<ConfigurationNotice> Warnings { get; init; } = [];

    /// <summary>Equal when every setting is; warnings and the contents of other files do not count.</summary>
    public bool Equals(DroverOptions? other) =>
        other is not null
        && Proxy == other.Proxy
        && FallbackDatabase == other.FallbackDatabase
        && Databases.SequenceEqual(other.Databases)
        && Sharded.SequenceEqual(other.Sharded)
        && Users.SequenceEqual(other.Users)
        && Peers.SequenceEqual(other.Peers)
        && Monitor == other.Monitor
        && MonitoredServers.SequenceEqual(other.MonitoredServers)
        && Prices == other.Prices
        && ServerPrices.SequenceEqual(other.ServerPrices);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Proxy, FallbackDatabase, Databases.Length, Users.Length, Peers.Length);
}

/// <summary>One line for the log about a place in a file.</summary>
/// <param name="File">Path as it was given.</param>
/// <param name="Line">Line from 1; 0 when it is about the whole file.</param>
/// <param name="Column">Column from 1; 0 when unknown.</param>
/// <param name="Message">What is there, and what to do.</param>
internal sealed record ConfigurationNotice(string File, int Line, int Column, string Message)
{
    /// <summary><c>file:line:column: message</c>, without the parts that are unknown.</summary>
    public override string ToString() => $"{new SourcePlace(File, Line, Column)}: {Message}";
}

/// <summary>One reason why a configuration was refused.</summary>
/// <param name="File">Path as it was given.</param>
/// <param name="Line">Line from 1; 0 when it is about the whole file.</param>
/// <param name="Column">Column from 1; 0 when unknown.</param>
/// <param name="Message">What is wrong, and what to do.</param>
internal sealed record ConfigurationError(string File, int Line, int Column, string Message)
{
    /// <summary><c>file:line:column: message</c>, without the parts that are unknown.</summary>
    public override string ToString() => $"{new SourcePlace(File, Line, Column)}: {Message}";
}

/// <summary>A place in a file, as compilers write it.</summary>
/// <param name="File">Path as it was given.</param>
/// <param name="Line">Line from 1; 0 when it is about the whole file.</param>
/// <param name="Column">Column from 1; 0 when unknown.</param>
internal readonly record struct SourcePlace(string File, int Line = 0, int Column = 0)
{
    /// <summary><c>file</c>, <c>file:line</c> or <c>file:line:column</c>.</summary>
    public override string ToString() =>
        (Line, Column) switch
        {
            (0, _) => File,
            (_, 0) => $"{File}:{Line}",
            _ => $"{File}:{Line}:{Column}",
        };
}
