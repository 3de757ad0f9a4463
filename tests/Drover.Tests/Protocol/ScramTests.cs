// SCRAM-SHA-256 on both sides: the RFC's example, right and wrong passwords, and everything that is not by the book.
using System.Text;
using Drover.Protocol.Authentication;

namespace Drover.Tests.Protocol;

public sealed class ScramTests
{
    private const string ClientNonce = "rOprNGfwEbeRWgbNEkqO";
    private const string ServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private const string ClientFirst = "n,,n=user,r=" + ClientNonce;
    private const string ServerFirst = "r=" + ClientNonce + ServerNonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    private const string ClientFinalBare = "c=biws,r=" + ClientNonce + ServerNonce;
    private const string ClientFinal = ClientFinalBare + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    private const string ServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    private static readonly byte[] Hash = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
    private static readonly ScramMock Mock = new();
    private static readonly PasswordSecret Stored = PasswordSecret.Parse(
        ScramSecret.FromPassword("pencil"u8, Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096).ToStoredForm()
    );

    [Fact]
    public void Server_speaks_the_example_of_RFC_7677()
    {
        using ScramServer server = new("user"u8, Stored, Mock, default, ServerNonce);
        Assert.Equal(ScramServerStatus.Continue, Begin(server, ClientFirst, out string first));
        Assert.Equal(ServerFirst, first);
        Assert.Equal(ScramServerStatus.Succeeded, Continue(server, ClientFinal, out string final));
        Assert.Equal(ServerFinal, final);
    }

    [Fact]
    public void Client_speaks_the_example_of_RFC_7677()
    {
        ScramCredential credential = ScramCredential.FromPassword("pencil"u8);
        ScramClient client = new(credential, default, false, 4096, ClientNonce, "user");
        Assert.Equal(ClientFirst, Encoding.ASCII.GetString(client.First));
        Assert.True(client.TryContinue(Utf8(ServerFirst), out byte[] final));
        Assert.Equal(ClientFinal, Encoding.ASCII.GetString(final));
        Assert.True(client.TryFinish(Utf8(ServerFinal)));
    }

    [Theory]
    [InlineData("pencil", "pencil", true)]
    [InlineData("pencil", "Pencil", false)]
    [InlineData("e\u0301", "\u00e9", true)]
    public void Client_and_server_agree_on_a_password(string stored, string sent, bool accepted)
    {
        PasswordSecret secret = PasswordSecret.Parse(stored);
        ScramCredential credential = ScramCredential.FromPassword(Utf8(sent));
        (ScramServerStatus status, bool known) = Run(new("ada"u8, secret, Mock), new(credential));
        Assert.Equal(accepted ? ScramServerStatus.Succeeded : ScramServerStatus.Failed, status);
        Assert.Equal(accepted, known);
    }

    [Fact]
    public void Keys_of_a_login_open_the_server_without_the_password()
    {
        using ScramServer server = new("ada"u8, Stored, Mock);
        Run(server, new(ScramCredential.FromPassword("pencil"u8)));
        Assert.NotNull(server.Keys);

        ScramClient passedOn = new(ScramCredential.FromKeys(server.Keys));
        Assert.Equal((ScramServerStatus.Succeeded, true), Run(new("ada"u8, Stored, Mock), passedOn));
    }

    [Fact]
    public void Keys_are_not_given_after_a_failure_or_for_a_salt_of_our_own()
    {
        using ScramServer failed = new("ada"u8, Stored, Mock);
        Run(failed, new(ScramCredential.FromPassword("wrong"u8)));
        Assert.Null(failed.Keys);
        using ScramServer plain = new("ada"u8, PasswordSecret.Parse("pencil"), Mock);
        Run(plain, new(ScramCredential.FromPassword("pencil"u8)));
        Assert.Null(plain.Keys);
    }

    [Fact]
    public void Unknown_user_looks_like_a_known_one()
    {
        using ScramServer once = new("ghost"u8, null, Mock, default, ServerNonce);
        using ScramServer again = new("ghost"u8, null, Mock, default, ServerNonce);
        using ScramServer other = new("spirit"u8, null, Mock, default, ServerNonce);
        using ScramServer known = new("ghost"u8, PasswordSecret.Parse("pencil"), Mock, default, ServerNonce);
        Begin(once, ClientFirst, out string first);
        Begin(again, ClientFirst, out string second);
        Begin(other, ClientFirst, out string third);
        Begin(known, ClientFirst, out string fourth);
        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        Assert.Equal(first, fourth);
        Assert.Equal(first.Length, ServerFirst.Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("md50123456789abcdef0123456789abcdef")]
    public void Users_without_a_usable_secret_fail_as_a_wrong_password_does(string? stored)
    {
        PasswordSecret? secret = stored is null ? null : PasswordSecret.Parse(stored);
        ScramCredential credential = ScramCredential.FromPassword(Utf8(stored ?? "x"));
        using ScramServer server = new("ada"u8, secret, Mock);
        Assert.Equal((ScramServerStatus.Failed, false), Run(server, new(credential)));
        Assert.Null(server.Violation);
    }

    [Fact]
    public void Channel_binding_is_used_when_both_sides_have_it()
    {
        using ScramServer server = new("ada"u8, Stored, Mock, Hash);
        Assert.Equal(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], server.Mechanisms.ToArray());
        ScramClient client = new(ScramCredential.FromPassword("pencil"u8), Hash, serverOffersPlus: true);
        Assert.True(client.UsesChannelBinding);
        Assert.Equal((ScramServerStatus.Succeeded, true), Run(server, client));
    }

    [Fact]
    public void Another_certificate_is_noticed()
    {
        byte[] other = [.. Hash.Reverse()];
        ScramClient client = new(ScramCredential.FromPassword("pencil"u8), other, serverOffersPlus: true);
        Assert.Equal((ScramServerStatus.BindingRefused, false), Run(new("ada"u8, Stored, Mock, Hash), client));
    }

    [Fact]
    public void Offer_that_somebody_has_shortened_is_noticed()
    {
        ScramClient client = new(ScramCredential.FromPassword("pencil"u8), Hash, serverOffersPlus: false);
        Assert.StartsWith("y,,", Encoding.ASCII.GetString(client.First), StringComparison.Ordinal);
        using ScramServer server = new("ada"u8, Stored, Mock, Hash);
        Assert.Equal(ScramServerStatus.BindingRefused, server.Begin("SCRAM-SHA-256"u8, client.First, out _));
    }

    [Fact]
    public void Client_that_believes_so_rightly_is_served()
    {
        ScramClient client = new(ScramCredential.FromPassword("pencil"u8), Hash, serverOffersPlus: false);
        Assert.Equal((ScramServerStatus.Succeeded, true), Run(new("ada"u8, Stored, Mock), client));
    }

    [Theory]
    [InlineData("SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256-PLUS", "n,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256-PLUS", "y,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc")]
    [InlineData("SCRAM-SHA-1", "n,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "x,,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "n,a=admin,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "n,,m=ext,n=,r=abc")]
    [InlineData("SCRAM-SHA-256", "n,,n=")]
    [InlineData("SCRAM-SHA-256", "n,,n=,r=")]
    [InlineData("SCRAM-SHA-256", "n,,n=,r=a b")]
    [InlineData("SCRAM-SHA-256", "n,,r=abc")]
    [InlineData("SCRAM-SHA-256", "n,")]
    [InlineData("SCRAM-SHA-256", "n")]
    [InlineData("SCRAM-SHA-256", ",")]
    public void First_message_that_no_client_sends_is_malformed(string mechanism, string message)
    {
        using ScramServer server = new("ada"u8, Stored, Mock, Hash);
        Assert.Equal(ScramServerStatus.Malformed, server.Begin(Utf8(mechanism), Utf8(message), out byte[] reply));
        Assert.Empty(reply);
        Assert.NotNull(server.Violation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("c=biws")]
    [InlineData("c=eSws,r=" + ClientNonce + ServerNonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")]
    [InlineData("c=biws,r=" + ClientNonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")]
    [InlineData(ClientFinalBare)]
    [InlineData(ClientFinalBare + ",p=")]
    [InlineData(ClientFinalBare + ",p=AAAA")]
    [InlineData(ClientFinal + ",x=y")]
    public void Last_message_that_no_client_sends_is_malformed(string message)
    {
        using ScramServer server = new("user"u8, Stored, Mock, default, ServerNonce);
        Begin(server, ClientFirst, out _);
        Assert.Equal(ScramServerStatus.Malformed, Continue(server, message, out _));
        Assert.Equal(ScramServerStatus.Malformed, Continue(server, ClientFinal, out _));
    }

    [Fact]
    public void Client_that_sends_no_first_message_is_asked_for_it_once()
    {
        using ScramServer server = new("user"u8, Stored, Mock, default, ServerNonce);
        Assert.Equal(ScramServerStatus.Continue, Begin(server, "", out string reply));
        Assert.Empty(reply);
        Assert.Equal(ScramServerStatus.Continue, Continue(server, ClientFirst, out reply));
        Assert.Equal(ServerFirst, reply);
    }

    [Theory]
    [InlineData("r=" + ClientNonce + ",s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("r=another" + ServerNonce + ",s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("r=" + ClientNonce + "x,s=QSXCR+Q6sek8bf92,i=0")]
    [InlineData("r=" + ClientNonce + "x,s=QSXCR+Q6sek8bf92,i=-1")]
    [InlineData("r=" + ClientNonce + "x,s=QSXCR+Q6sek8bf92,i=4097")]
    [InlineData("r=" + ClientNonce + "x,s=QSXCR+Q6sek8bf92,i=99999999999")]
    [InlineData("r=" + ClientNonce + "x,s=,i=4096")]
    [InlineData("r=" + ClientNonce + "x,s=?,i=4096")]
    [InlineData("m=ext,r=" + ClientNonce + "x,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("e=other-error")]
    [InlineData("")]
    public void Server_parameters_that_cannot_be_right_are_refused(string message)
    {
        ScramCredential credential = ScramCredential.FromPassword("pencil"u8);
        ScramClient client = new(credential, default, false, 4096, ClientNonce, "user");
        Assert.False(client.TryContinue(Utf8(message), out byte[] reply));
        Assert.Empty(reply);
        Assert.NotNull(client.Violation);
    }

    [Theory]
    [InlineData("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")]
    [InlineData("v=")]
    [InlineData("e=invalid-proof")]
    [InlineData("")]
    public void Server_that_does_not_know_the_secret_is_refused(string message)
    {
        ScramCredential credential = ScramCredential.FromPassword("pencil"u8);
        ScramClient client = new(credential, default, false, 4096, ClientNonce, "user");
        Assert.False(client.TryFinish(Utf8(ServerFinal)));
        Assert.True(client.TryContinue(Utf8(ServerFirst), out _));
        Assert.False(client.TryFinish(Utf8(message)));
    }

    private static (ScramServerStatus Status, bool ServerKnown) Run(ScramServer server, ScramClient client)
    {
        ScramServerStatus status = server.Begin(Utf8(client.Mechanism), client.First, out byte[] first);
        if (status != ScramServerStatus.Continue || !client.TryContinue(first, out byte[] proof))
        {
            return (status, false);
        }
        status = server.Continue(proof, out byte[] final);
        return (status, status == ScramServerStatus.Succeeded && client.TryFinish(final));
    }

    private static ScramServerStatus Begin(ScramServer server, string message, out string reply)
    {
        ScramServerStatus status = server.Begin("SCRAM-SHA-256"u8, Utf8(message), out byte[] bytes);
        reply = Encoding.ASCII.GetString(bytes);
        return status;
    }

    private static ScramServerStatus Continue(ScramServer server, string message, out string reply)
    {
        ScramServerStatus status = server.Continue(Utf8(message), out byte[] bytes);
        reply = Encoding.ASCII.GetString(bytes);
        return status;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
