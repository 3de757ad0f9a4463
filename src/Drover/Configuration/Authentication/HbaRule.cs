// One rule of a pg_hba-style file, and the connection it is asked about.
using System.Net;
using System.Net.Sockets;

namespace Drover.Configuration.Authentication;

/// <summary>Which connections a rule is about.</summary>
internal enum HbaConnectionKind
{
    /// <summary>The Unix socket.</summary>
    Local,

    /// <summary>TCP, with TLS or without.</summary>
    Host,

    /// <summary>TCP with TLS.</summary>
    HostSsl,

    /// <summary>TCP without TLS.</summary>
    HostNoSsl,
}

/// <summary>What a rule asks of a client.</summary>
internal enum HbaMethod
{
    /// <summary>The connection is refused.</summary>
    Reject,

    /// <summary>No check.</summary>
    Trust,

    /// <summary>The password in clear text.</summary>
    Plain,

    /// <summary>MD5, or SCRAM for users with a SCRAM secret.</summary>
    Md5,

    /// <summary>SCRAM-SHA-256.</summary>
    ScramSha256,

    /// <summary>A client certificate.</summary>
    Cert,

    /// <summary>The operating system's user at the other end of the Unix socket.</summary>
    Peer,
}

/// <summary>A connection that asks to log in.</summary>
internal sealed record HbaConnection
{
    /// <summary>The database that the client named.</summary>
    public required string Database { get; init; }

    /// <summary>The user that the client named.</summary>
    public required string User { get; init; }

    /// <summary>The client's address; null on a Unix socket.</summary>
    public IPAddress? RemoteAddress { get; init; }

    /// <summary>True when it is encrypted with TLS.</summary>
    public bool IsTls { get; init; }

    /// <summary>True for physical replication, which only the word <c>replication</c> covers.</summary>
    public bool IsPhysicalReplication { get; init; }

    /// <summary>This machine's own addresses, for <c>samehost</c>.</summary>
    public IReadOnlyCollection<IPAddress> OwnAddresses { get; init; } = [];
}

/// <summary>Which addresses a rule is about.</summary>
internal abstract record HbaAddress
{
    private HbaAddress() { }

    /// <summary>True when a client from this address is meant.</summary>
    public abstract bool Covers(IPAddress address, IReadOnlyCollection<IPAddress> own);

    /// <summary>Every address.</summary>
    internal sealed record Any : HbaAddress
    {
        /// <inheritdoc/>
        public override bool Covers(IPAddress address, IReadOnlyCollection<IPAddress> own) => true;
    }

    /// <summary>This machine's addresses.</summary>
    internal sealed record SameHost : HbaAddress
    {
        /// <inheritdoc/>
        public override bool Covers(IPAddress address, IReadOnlyCollection<IPAddress> own) =>
            IPAddress.IsLoopback(address) || own.Contains(address);
    }

    /// <summary>A network.</summary>
    internal sealed record Network(IPAddress Address, IPAddress Mask) : HbaAddress
    {
        /// <inheritdoc/>
        public override bool Covers(IPAddress address, IReadOnlyCollection<IPAddress> own)
        {
            if (address.AddressFamily != Address.AddressFamily)
            {
                return false;
            }
            byte[] client = address.GetAddressBytes();
            byte[] network = Address.GetAddressBytes();
            byte[] mask = Mask.GetAddressBytes();
            for (int i = 0; i < client.Length; i++)
            {
                if (((client[i] ^ network[i]) & mask[i]) != 0)
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>The mask of this many leading bits.</summary>
        public static IPAddress MaskOf(int bits, AddressFamily family)
        {
            byte[] mask = new byte[family == AddressFamily.InterNetwork ? 4 : 16];
            for (int i = 0; i < bits; i++)
            {
                mask[i / 8] |= (byte)(0x80 >> (i % 8));
            }
            return new IPAddress(mask);
        }
    }
}

/// <summary>A rule: who, from where, to what, and how they prove it.</summary>
internal sealed record HbaRule
{
    /// <summary>Line in the file, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Which connections it is about.</summary>
    public required HbaConnectionKind Kind { get; init; }

    /// <summary>Databases, or keywords.</summary>
    public required IReadOnlyList<HbaToken> Databases { get; init; }

    /// <summary>Users, or the keyword all.</summary>
    public required IReadOnlyList<HbaToken> Users { get; init; }

    /// <summary>Addresses; of no meaning on a Unix socket.</summary>
    public required HbaAddress Address { get; init; }

    /// <summary>What is asked of the client.</summary>
    public required HbaMethod Method { get; init; }

    /// <summary>The user name map; null: names must be equal.</summary>
    public string? Map { get; init; }

    /// <summary>True when the rule is about this connection.</summary>
    public bool Covers(HbaConnection connection) =>
        CoversKind(connection)
        && Databases.Any(token => CoversDatabase(token, connection))
        && Users.Any(token => token.Is("all") || token.Text == connection.User);

    private bool CoversKind(HbaConnection connection)
    {
        if (connection.RemoteAddress is not { } remote)
        {
            return Kind == HbaConnectionKind.Local;
        }
        bool rightTls = Kind switch
        {
            HbaConnectionKind.Host => true,
            HbaConnectionKind.HostSsl => connection.IsTls,
            HbaConnectionKind.HostNoSsl => !connection.IsTls,
            _ => false,
        };
        IPAddress address = remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote;
        return rightTls && Address.Covers(address, connection.OwnAddresses);
    }

    private static bool CoversDatabase(HbaToken token, HbaConnection connection)
    {
        if (connection.IsPhysicalReplication)
        {
            return token.Is("replication");
        }
        return token.Is("all")
            || (token.Is("sameuser") ? connection.Database == connection.User : Names(token, connection.Database));
    }

    private static bool Names(HbaToken token, string database) => !token.Is("replication") && token.Text == database;
}
