// Asks a server in the simple query protocol: all that the console of a pooler speaks, and Npgsql does not.
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Drover.Protocol.Authentication;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using Npgsql;
using ChannelBinding = Drover.Protocol.Authentication.ChannelBinding;

namespace Drover.Operations.Connections;

/// <summary>
/// One connection, one query at a time; not for several threads. Reached as libpq does by host, port, sslmode,
/// sslrootcert and password; sslmode allow is as prefer, and of several hosts none is chosen. Failures:
/// <see cref="PostgresException"/> for what the server says, with its SQLSTATE; IOException for a connection that
/// broke, or that breaks the protocol; TimeoutException. None ever holds the password.
/// </summary>
internal sealed class SimpleQueryClient : IAsyncDisposable
{
    private const int MessageBytesMax = 1 << 20;
    private const int AnswerBytesMax = 64 << 20;

    /// <summary>A row of few bytes takes hundreds here.</summary>
    private const int AnswerRowsMax = 100_000;
    private const int BufferBytes = 8192;

    private readonly MessageWriter _writer = new(MessageBytesMax);
    private Stream _stream;
    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private int _taken;

    private SimpleQueryClient(Stream stream) => _stream = stream;

    private ReadOnlySpan<byte> Body => _buffer.AsSpan(_start + MessageHeader.Size, _taken - MessageHeader.Size);

    /// <summary>Connects and logs in.</summary>
    public static async Task<SimpleQueryClient> ConnectAsync(
        NpgsqlConnectionStringBuilder target,
        TimeSpan patience,
        CancellationToken cancellation
    ) =>
        await WithinAsync(
            patience,
            async token =>
            {
                string host = target.Host ?? "";
                if (host.Contains(',', StringComparison.Ordinal))
                {
                    throw new IOException("one host, not several");
                }
                SimpleQueryClient client = new(await DialAsync(host, target.Port, token));
                try
                {
                    byte[] hash = host.StartsWith('/') ? [] : await client.SecureAsync(target, token);
                    await client.LogInAsync(target, hash, token);
                    return client;
                }
                catch
                {
                    await client.DisposeAsync();
                    throw;
                }
            },
            cancellation
        );

    /// <summary>Runs one query; its rows as text by column, null for NULL.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string?>>> QueryAsync(
        string sql,
        TimeSpan patience,
        CancellationToken cancellation
    ) =>
        await WithinAsync(
            patience,
            async token =>
            {
                Query.Write(_writer, sql);
                await SendAsync(token);
                return await ReadRowsAsync(token);
            },
            cancellation
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _writer.Dispose();
        await _stream.DisposeAsync();
    }

    private static async Task<T> WithinAsync<T>(
        TimeSpan patience,
        Func<CancellationToken, Task<T>> work,
        CancellationToken cancellation
    )
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"no answer within {patience.TotalSeconds:0.#} s"
                )
            );
        }
        catch (SocketException failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    private static async Task<Stream> DialAsync(string host, int port, CancellationToken cancellation)
    {
        bool isUnix = host.StartsWith('/');
        Socket socket = isUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(
                isUnix ? new UnixDomainSocketEndPoint($"{host}/.s.PGSQL.{port}") : new DnsEndPoint(host, port),
                cancellation
            );
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>TLS, where it is wanted and had; gives what SCRAM is bound to.</summary>
    private async Task<byte[]> SecureAsync(NpgsqlConnectionStringBuilder target, CancellationToken cancellation)
    {
        if (target.SslMode == SslMode.Disable)
        {
            return [];
        }
        StartupHeader.WriteSslRequest(_writer);
        await SendAsync(cancellation);
        // One byte, and no more: what follows belongs to the handshake.
        byte[] answer = new byte[1];
        await _stream.ReadExactlyAsync(answer, cancellation);
        if (answer[0] == (byte)'N' && target.SslMode is SslMode.Allow or SslMode.Prefer)
        {
            return [];
        }
        if (answer[0] != (byte)'S')
        {
            throw new IOException("the server has no TLS, and sslmode asks for it");
        }
        SslStream secured = new(_stream);
        _stream = secured;
        try
        {
            await secured.AuthenticateAsClientAsync(TlsOptions(target), cancellation);
        }
        catch (Exception refused) when (refused is AuthenticationException or CryptographicException)
        {
            throw new IOException($"TLS: {refused.Message}", refused);
        }
        using X509Certificate2 certificate = new(secured.RemoteCertificate!);
        return ChannelBinding.TryHashCertificate(certificate, out byte[] hash) ? hash : [];
    }

    private static SslClientAuthenticationOptions TlsOptions(NpgsqlConnectionStringBuilder target)
    {
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck };
        bool hasRoot = !string.IsNullOrEmpty(target.RootCertificate);
        if (hasRoot)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(target.RootCertificate!);
        }
        SslPolicyErrors ignored = target.SslMode switch
        {
            SslMode.VerifyFull => SslPolicyErrors.None,
            SslMode.VerifyCA => SslPolicyErrors.RemoteCertificateNameMismatch,
            _ when hasRoot => SslPolicyErrors.RemoteCertificateNameMismatch,
            _ => SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors,
        };
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = target.Host,
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~ignored) == SslPolicyErrors.None,
        };
        if (!string.IsNullOrEmpty(target.SslCertificate))
        {
            using X509Certificate2 own = X509Certificate2.CreateFromPemFile(target.SslCertificate, target.SslKey);
            options.ClientCertificates = [X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null)];
        }
        return options;
    }

    private async Task LogInAsync(NpgsqlConnectionStringBuilder target, byte[] hash, CancellationToken cancellation)
    {
        string user = target.Username ?? "";
        Startup.Write(_writer, user, target.Database ?? user);
        await SendAsync(cancellation);
        ClientAuthentication authentication = new(
            user,
            PasswordFile.PasswordOf(target) is { } password
                ? PasswordSecret.FromPlain(Encoding.UTF8.GetBytes(password))
                : null,
            null,
            hash
        );
        while (true)
        {
            byte type = await ReadAsync(cancellation);
            switch (type)
            {
                case BackendType.Authentication when authentication.Answer(Body, _writer) is { } failure:
                    throw Refused(failure);
                case BackendType.Authentication:
                    await SendAsync(cancellation);
                    break;
                case BackendType.ErrorResponse:
                    throw Error(Body);
                case BackendType.ReadyForQuery:
                    return;
                default:
                    // Parameters, the cancel key, notices.
                    break;
            }
        }
    }

    private async Task<IReadOnlyList<IReadOnlyDictionary<string, string?>>> ReadRowsAsync(
        CancellationToken cancellation
    )
    {
        List<string> columns = [];
        List<IReadOnlyDictionary<string, string?>> rows = [];
        PostgresException? error = null;
        for (long bytes = 0; bytes <= AnswerBytesMax; bytes += _taken)
        {
            byte type = await ReadAsync(cancellation);
            switch (type)
            {
                case BackendType.RowDescription:
                    columns = ReadColumns(Body);
                    break;
                case BackendType.DataRow when rows.Count < AnswerRowsMax:
                    rows.Add(ReadRow(Body, columns));
                    break;
                case BackendType.DataRow:
                    throw new IOException($"an answer of more than {AnswerRowsMax} rows");
                case BackendType.ErrorResponse:
                    error ??= Error(Body);
                    break;
                case BackendType.ReadyForQuery:
                    return error is null ? rows : throw error;
                default:
                    break;
            }
        }
        throw new IOException("the answer is too long");
    }

    private static List<string> ReadColumns(ReadOnlySpan<byte> body)
    {
        if (!RowDescription.TryRead(body, out RowDescription description))
        {
            throw new IOException("malformed description of rows");
        }
        List<string> columns = [];
        foreach (RowDescription.Column column in description)
        {
            columns.Add(Encoding.UTF8.GetString(column.Name));
        }
        return columns;
    }

    private static Dictionary<string, string?> ReadRow(ReadOnlySpan<byte> body, List<string> columns)
    {
        if (!DataRow.TryRead(body, out ValueList values) || values.Count != columns.Count)
        {
            throw new IOException("malformed row");
        }
        Dictionary<string, string?> row = [];
        int at = 0;
        foreach (ValueList.Value value in values)
        {
            row[columns[at++]] = value.IsNull ? null : Encoding.UTF8.GetString(value.Bytes);
        }
        return row;
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        if (_writer.Length > 0)
        {
            await _stream.WriteAsync(_writer.Memory, cancellation);
            await _stream.FlushAsync(cancellation);
            _writer.Clear();
        }
    }

    /// <summary>Reads a message; its body is in <see cref="Body"/> until the next.</summary>
    private async Task<byte> ReadAsync(CancellationToken cancellation)
    {
        _start += _taken;
        _taken = 0;
        while (true)
        {
            FrameStatus status = MessageHeader.TryRead(_buffer.AsSpan(_start, _end - _start), out MessageHeader header);
            if (status == FrameStatus.Malformed || header.Length > MessageBytesMax)
            {
                throw new IOException("the server does not speak PostgreSQL's protocol");
            }
            if (status == FrameStatus.Complete && header.Length <= _end - _start)
            {
                _taken = header.Length;
                return header.Type;
            }
            MakeRoom(Math.Max(header.Length, MessageHeader.Size));
            int count = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            _end += count > 0 ? count : throw new IOException("the server closed the connection");
        }
    }

    private void MakeRoom(int bytes)
    {
        byte[] room = bytes > _buffer.Length ? new byte[bytes] : _buffer;
        _buffer.AsSpan(_start, _end - _start).CopyTo(room);
        _end -= _start;
        _start = 0;
        _buffer = room;
    }

    private static PostgresException Refused(AuthenticationFailure failure)
    {
        string needed = failure.NeededSecret is { } secret ? $": the server asks for {secret}" : "";
        return new PostgresException(failure.Message + needed, "FATAL", "FATAL", failure.SqlState);
    }

    private static PostgresException Error(ReadOnlySpan<byte> body)
    {
        if (!ErrorResponse.TryRead(body, out DiagnosticFields fields))
        {
            throw new IOException("the server sent a malformed error");
        }
        string severity = Encoding.UTF8.GetString(fields.Severity);
        return new PostgresException(
            Encoding.UTF8.GetString(fields.Message),
            severity,
            severity,
            Encoding.UTF8.GetString(fields.Code)
        );
    }
}
