// A server that takes one login under TLS and then has no more to say: what a proxy chose can be seen in it.
using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Drover.Protocol.Authentication;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.IntegrationTests.Security;

/// <summary>It offers SCRAM with channel binding and without.</summary>
internal sealed class ScramServerStage : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate;

    public ScramServerStage(PemPair pair)
    {
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(pair.CertificateFile, pair.KeyFile);
        _certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        _listener.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The mechanism that was chosen, and how the exchange ended; the connection is closed then.</summary>
    public async Task<(string Mechanism, ScramServerStatus End)> ServeLoginAsync(
        string user,
        string password,
        CancellationToken token
    )
    {
        using TcpClient client = await _listener.AcceptTcpClientAsync(token);
        NetworkStream bare = client.GetStream();
        await bare.ReadExactlyAsync(new byte[8], token);
        await bare.WriteAsync("S"u8.ToArray(), token);
        await using SslStream tls = new(bare);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _certificate },
            token
        );
        byte[] length = new byte[4];
        await tls.ReadExactlyAsync(length, token);
        await tls.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(length) - 4], token);

        Assert.True(ChannelBinding.TryHashCertificate(_certificate, out byte[] hash));
        PasswordSecret secret = PasswordSecret.FromPlain(Encoding.UTF8.GetBytes(password));
        using ScramServer scram = new(Encoding.UTF8.GetBytes(user), secret, new ScramMock(), hash);
        using MessageWriter writer = new(64 * 1024);
        AuthenticationRequest.WriteSasl(writer, scram.Mechanisms);
        await SendAsync(tls, writer, token);
        byte[] first = await ReceiveAsync(tls, token);
        (string mechanism, ScramServerStatus status, byte[] reply) = Begin(scram, first);
        while (status == ScramServerStatus.Continue)
        {
            AuthenticationRequest.Write(writer, AuthenticationCode.SaslContinue, reply);
            await SendAsync(tls, writer, token);
            byte[] answer = await ReceiveAsync(tls, token);
            status = scram.Continue(answer, out reply);
        }
        return (mechanism, status);
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _certificate.Dispose();
        return ValueTask.CompletedTask;
    }

    private static (string Mechanism, ScramServerStatus Status, byte[] Reply) Begin(ScramServer scram, byte[] body)
    {
        Assert.True(SaslInitialResponse.TryRead(body, out SaslInitialResponse initial));
        ScramServerStatus status = scram.Begin(initial.Mechanism, initial.Data, out byte[] reply);
        return (Encoding.ASCII.GetString(initial.Mechanism), status, reply);
    }

    private static async Task SendAsync(Stream stream, MessageWriter writer, CancellationToken token)
    {
        await stream.WriteAsync(writer.Memory, token);
        writer.Clear();
    }

    /// <summary>A message's body.</summary>
    private static async Task<byte[]> ReceiveAsync(Stream stream, CancellationToken token)
    {
        byte[] header = new byte[5];
        await stream.ReadExactlyAsync(header, token);
        byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4];
        await stream.ReadExactlyAsync(body, token);
        return body;
    }
}
