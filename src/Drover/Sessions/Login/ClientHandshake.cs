// The first packets of a client, up to its start-up packet: TLS, GSS, cancel.
using Drover.Protocol.Framing;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Sessions.Login;

/// <summary>What a new connection turned out to want.</summary>
/// <param name="Connection">The stream to go on with; under TLS if that was negotiated.</param>
/// <param name="Channel">Reads from it.</param>
/// <param name="Header">Of the packet now in the channel.</param>
internal sealed record Greeting(Connection Connection, MessageChannel Channel, StartupHeader Header);

/// <summary>
/// https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-SSL and the section on direct negotiation. At
/// most one request of each kind, and nothing unencrypted may follow an accepted one (CVE-2021-23214).
/// </summary>
internal sealed class ClientHandshake(Connection bare, Inbox inbox, Outbox outbox, Wakeup wakeup, ClientTls tls)
{
    private static readonly byte[] Yes = "S"u8.ToArray();
    private static readonly byte[] No = "N"u8.ToArray();

    /// <summary>
    /// Runs to the start-up or cancel packet. Throws <see cref="LostConnectionException"/> or AuthenticationException.
    /// </summary>
    public async Task<Greeting> RunAsync(CancellationToken cancellationToken)
    {
        Connection connection = bare;
        byte[] scratch = bare.Loop.ClientScratch;
        MessageChannel channel = new(connection, inbox, outbox, wakeup);
        bool askedTls = false;
        bool askedGss = false;
        byte first = await channel.PeekAsync(scratch, cancellationToken);
        if (StartupHeader.IsTlsClientHello(first) && tls.IsOffered && bare.UnixPath is null)
        {
            connection = await UpgradeAsync(isDirect: true, cancellationToken);
            channel = new MessageChannel(connection, inbox, outbox, wakeup);
            askedTls = true;
        }
        for (; ; )
        {
            StartupHeader header = await channel.ReadStartupAsync(scratch, cancellationToken);
            switch (header.Kind)
            {
                case StartupKind.SslRequest when !askedTls:
                    askedTls = true;
                    channel.Next();
                    if (!tls.IsOffered || bare.UnixPath is not null)
                    {
                        outbox.Send(connection, No);
                        break;
                    }
                    if (inbox.Count > 0)
                    {
                        throw new LostConnectionException(
                            "received unencrypted data after SSL request",
                            isViolation: true
                        );
                    }
                    outbox.Send(connection, Yes);
                    connection = await UpgradeAsync(isDirect: false, cancellationToken);
                    channel = new MessageChannel(connection, inbox, outbox, wakeup);
                    break;
                case StartupKind.GssEncRequest when !askedGss:
                    askedGss = true;
                    channel.Next();
                    outbox.Send(connection, No);
                    break;
                case StartupKind.SslRequest or StartupKind.GssEncRequest:
                    throw new LostConnectionException("repeated request for encryption", isViolation: true);
                default:
                    return new Greeting(connection, channel, header);
            }
        }
    }

    private async Task<Connection> UpgradeAsync(bool isDirect, CancellationToken cancellationToken)
    {
        byte[] received = inbox.Data.ToArray();
        inbox.Clear();
        TlsConnection secured = await tls.AcceptAsync(bare, received, isDirect, cancellationToken);
        secured.Observer = wakeup;
        return secured;
    }
}
