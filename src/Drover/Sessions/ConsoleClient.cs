// A client of the admin database: authenticated by its own rules, answered by the console.
using Drover.Administration;
using Drover.Configuration;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Transport;

namespace Drover.Sessions;

internal sealed class ConsoleClient(
    ClientConnection client,
    ClientServices services,
    MessageChannel channel,
    Wakeup wakeup
) : ICancellable
{
    /// <summary>A whole SHOW CLIENTS of 20,000 clients fits.</summary>
    private const int AnswerBytesMax = 64 * 1024 * 1024;

    private CancellationTokenSource? _command;

    /// <summary>Serves the console until the client leaves.</summary>
    public async Task<SessionEnd> RunAsync(IConsoleFactory consoles, CancellationToken cancellationToken)
    {
        StartupPacket startup = client.Startup!;
        (ConsoleUser user, SessionEnd? refused) = await LogInAsync(startup, cancellationToken);
        if (refused is not null)
        {
            return refused;
        }
        int processId = 0;
        byte[] key = services.CancelKeys.Add(ref processId, 4, this);
        try
        {
            client.EnterConsole();
            Welcome(consoles, processId, key);
            return await AnswerAsync(consoles.Open(user), cancellationToken);
        }
        finally
        {
            services.CancelKeys.Remove(processId, key);
        }
    }

    /// <inheritdoc/>
    public Task CancelAsync(CancellationToken cancellationToken)
    {
        _command?.Cancel();
        return Task.CompletedTask;
    }

    private async Task<(ConsoleUser User, SessionEnd? Refused)> LogInAsync(
        StartupPacket startup,
        CancellationToken cancellationToken
    )
    {
        ProxyOptions options = services.Options.Proxy;
        bool isAdmin = options.Admin.AdminUsers.Contains(startup.User);
        bool isStats = options.Admin.StatsUsers.Contains(startup.User);
        bool isSelf = startup.User is "pgbouncer" or "drover" && PeerUser.IsSelf(channel.Connection);
        if (isSelf || options.Authentication.AuthType == AuthType.Any)
        {
            return (new ConsoleUser(startup.User, IsAdmin: true), null);
        }
        if (!isAdmin && !isStats)
        {
            return (
                default,
                new SessionEnd("not allowed", SqlState.InvalidAuthorizationSpecification)
                {
                    Detail = $"\"{startup.User}\" is neither in admin_users nor in stats_users.",
                }
            );
        }
        ClientLogin login = new(services, channel, startup, wakeup);
        SessionEnd? refused = await login.AuthenticateAsync(null, cancellationToken);
        return (new ConsoleUser(startup.User, isAdmin), refused);
    }

    private void Welcome(IConsoleFactory consoles, int processId, byte[] key)
    {
        MessageWriter writer = channel.Connection.Loop.ClientAssembly;
        AuthenticationRequest.WriteOk(writer);
        foreach ((string name, string value) in consoles.Parameters)
        {
            ParameterStatus.Write(writer, name, value);
        }
        BackendKeyData.Write(writer, processId, key);
        ReadyForQuery.Write(writer, TransactionStatus.Idle);
        channel.Send(writer);
    }

    private async Task<SessionEnd> AnswerAsync(IConsoleSession console, CancellationToken cancellationToken)
    {
        byte[] scratch = channel.Connection.Loop.ClientScratch;
        using MessageWriter answer = new(AnswerBytesMax);
        for (; ; )
        {
            byte type = await channel.ReadAsync(scratch, SessionLimits.ControlMessageBytesMax, cancellationToken);
            byte[] body = channel.Body.ToArray();
            channel.Next();
            Count(type, body.Length);
            using CancellationTokenSource command = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _command = command;
            Task<ConsoleOutcome> outcome = console.HandleAsync(type, body, answer, command.Token).AsTask();
            await WatchAsync(outcome, command);
            _command = null;
            channel.Send(answer);
            if (await outcome == ConsoleOutcome.Close)
            {
                return SessionEnd.ClientLeft;
            }
        }
    }

    private void Count(byte type, int bodyLength)
    {
        Interlocked.Add(ref services.ConsoleTraffic.BytesReceived, MessageHeader.Size + bodyLength);
        if (type is FrontendType.Query or FrontendType.Execute)
        {
            Interlocked.Increment(ref services.ConsoleTraffic.Queries);
            Interlocked.Increment(ref services.ConsoleTraffic.Transactions);
        }
    }

    /// <summary>Waits for a command that may take long; a client that leaves meanwhile cancels it.</summary>
    private async Task WatchAsync(Task<ConsoleOutcome> outcome, CancellationTokenSource command)
    {
        EventLoop loop = channel.Connection.Loop;
        _ = outcome.ContinueWith(
            _ => loop.Post(wakeup),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
        while (!outcome.IsCompleted)
        {
            // What the client has sent behind this command must not stay in the loop's shared buffer meanwhile.
            channel.Inbox.Park();
            await wakeup;
            int received = channel.Inbox.Fill(
                channel.Connection,
                loop.ClientScratch,
                SessionLimits.ControlMessageBytesMax
            );
            if (received is 0 or Connection.Broken)
            {
                await command.CancelAsync();
            }
            channel.Inbox.Park();
        }
    }
}
