// The closed sets of values that settings choose from.
namespace Drover.Configuration;

/// <summary>When a server connection may go to another client.</summary>
internal enum PoolMode
{
    /// <summary>When the client disconnects.</summary>
    Session,

    /// <summary>When the transaction ends.</summary>
    Transaction,

    /// <summary>When the statement ends; transactions of several statements are refused.</summary>
    Statement,
}

/// <summary>How much TLS a side asks for, in libpq's words.</summary>
internal enum TlsMode
{
    /// <summary>Plain text only.</summary>
    Disable,

    /// <summary>TLS when the other side wants it.</summary>
    Allow,

    /// <summary>TLS when the other side can.</summary>
    Prefer,

    /// <summary>TLS or nothing; the other side's certificate is not checked.</summary>
    Require,

    /// <summary>TLS with a certificate that the configured authority signed.</summary>
    VerifyCa,

    /// <summary>As <see cref="VerifyCa"/>, and the certificate names the host.</summary>
    VerifyFull,
}

/// <summary>How TLS with a server begins, in the words of libpq's sslnegotiation.</summary>
internal enum TlsNegotiation
{
    /// <summary>By asking first; every server understands that.</summary>
    Postgres,

    /// <summary>At once, which saves a round trip; PostgreSQL 17 and later.</summary>
    Direct,
}

/// <summary>How clients prove who they are (setting <c>auth_type</c>).</summary>
internal enum AuthType
{
    /// <summary>No check and no user list: databases must have a forced user.</summary>
    Any,

    /// <summary>No check; the user must be known.</summary>
    Trust,

    /// <summary>The password in clear text.</summary>
    Plain,

    /// <summary>MD5 challenge; SCRAM for users whose secret is a SCRAM one.</summary>
    Md5,

    /// <summary>SCRAM-SHA-256.</summary>
    ScramSha256,

    /// <summary>A client certificate whose common name is the user.</summary>
    Cert,

    /// <summary>The rules of <c>auth_hba_file</c> decide.</summary>
    Hba,

    /// <summary>LDAP: known by name so that it can be refused with a reason.</summary>
    Ldap,

    /// <summary>PAM: known by name so that it can be refused with a reason.</summary>
    Pam,
}

/// <summary>Which host of a list takes the next new server connection.</summary>
internal enum LoadBalanceHosts
{
    /// <summary>Each in turn.</summary>
    RoundRobin,

    /// <summary>The same one until it fails.</summary>
    Disable,
}

/// <summary>What becomes of a statement that needs several shards (setting <c>cross_shard</c>).</summary>
internal enum CrossShard
{
    /// <summary>It runs.</summary>
    Allow,

    /// <summary>It runs; the client and the log are told.</summary>
    Warn,

    /// <summary>It is refused.</summary>
    Deny,
}

/// <summary>What becomes of an UPDATE of the sharding key (setting <c>sharding_key_update</c>).</summary>
internal enum KeyUpdate
{
    /// <summary>It is refused.</summary>
    Error,

    /// <summary>The rows move to the shard of the new key.</summary>
    Move,
}

/// <summary>What moves the bytes (setting <c>event_loop_kind</c>).</summary>
internal enum EventLoopKind
{
    /// <summary>epoll where there is one, portable sockets elsewhere.</summary>
    Auto,

    /// <summary>epoll, or refuse to start.</summary>
    Epoll,

    /// <summary>.NET's sockets.</summary>
    Portable,
}

/// <summary>The versions of TLS that a side may speak.</summary>
[Flags]
internal enum TlsProtocols
{
    /// <summary>None: not a valid setting.</summary>
    None = 0,

    /// <summary>TLS 1.0.</summary>
    Tls10 = 1,

    /// <summary>TLS 1.1.</summary>
    Tls11 = 2,

    /// <summary>TLS 1.2.</summary>
    Tls12 = 4,

    /// <summary>TLS 1.3.</summary>
    Tls13 = 8,

    /// <summary>1.2 and 1.3, the default.</summary>
    Secure = Tls12 | Tls13,

    /// <summary>All four.</summary>
    All = Tls10 | Tls11 | Tls12 | Tls13,
}
