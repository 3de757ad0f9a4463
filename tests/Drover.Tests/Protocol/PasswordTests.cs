// MD5 and plain passwords, and the forms in which secrets are stored.
using System.Text;
using Drover.Protocol.Authentication;

namespace Drover.Tests.Protocol;

public sealed class PasswordTests
{
    // RFC 7677's example user, as PostgreSQL would store it.
    private const string Scram =
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    private static readonly byte[] Salt = [1, 2, 3, 4];

    [Fact]
    public void Md5_secret_is_the_one_that_postgresql_stores()
    {
        byte[] secret = new byte[Md5Password.Length];
        Md5Password.ComputeSecret("postgres"u8, "secret"u8, secret);
    }

    [Theory]
    [InlineData("secret", "secret", true)]
    [InlineData("secret", "Secret", false)]
    [InlineData("secret", "", false)]
    public void Md5_response_is_checked_against_plain_and_md5_secrets(string stored, string sent, bool accepted)
    {
        byte[] secret = new byte[Md5Password.Length];
        Md5Password.ComputeSecret("ada"u8, Encoding.UTF8.GetBytes(stored), secret);
        byte[] response = Respond(sent);
        PasswordSecret plain = PasswordSecret.Parse(stored);
        PasswordSecret md5 = PasswordSecret.Parse(Encoding.ASCII.GetString(secret));
        Assert.Equal(PasswordSecretKind.Md5, md5.Kind);
        Assert.Equal(accepted, Md5Password.Verify(plain, "ada"u8, Salt, response));
        Assert.Equal(accepted, Md5Password.Verify(md5, "ada"u8, Salt, response));
    }

    [Fact]
    public void Md5_response_is_refused_for_unknown_users_and_scram_secrets()
    {
        Assert.False(Md5Password.Verify(null, "ada"u8, Salt, Respond("ada")));
        Assert.False(Md5Password.Verify(PasswordSecret.Parse(Scram), "ada"u8, Salt, Respond("ada")));
    }

    [Theory]
    [InlineData("secret", PasswordSecretKind.Plain)]
    [InlineData("", PasswordSecretKind.Plain)]
    [InlineData("md5", PasswordSecretKind.Plain)]
    [InlineData("md50123456789abcdef0123456789abcdef", PasswordSecretKind.Md5)]
    [InlineData("md50123456789ABCDEF0123456789ABCDEF", PasswordSecretKind.Plain)]
    [InlineData(Scram, PasswordSecretKind.ScramSha256)]
    [InlineData("SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$x:y", PasswordSecretKind.Plain)]
    [InlineData("SCRAM-SHA-256$4096", PasswordSecretKind.Plain)]
    [InlineData(Scram + "$", PasswordSecretKind.Plain)]
    public void Form_of_a_secret_is_recognised(string stored, PasswordSecretKind kind) =>
        Assert.Equal(kind, PasswordSecret.Parse(stored).Kind);

    [Fact]
    public void Scram_secret_reads_back()
    {
        Assert.True(ScramSecret.TryParse(Scram, out ScramSecret? secret));
        Assert.Equal(Scram, secret.ToStoredForm());
        Assert.Equal(4096, secret.Iterations);
    }

    [Fact]
    public void Scram_secret_of_a_password_is_the_one_that_postgresql_stores()
    {
        byte[] salt = Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==");
        Assert.Equal(Scram, ScramSecret.FromPassword("pencil"u8, salt, 4096).ToStoredForm());
    }

    [Theory]
    [InlineData("pencil", true)]
    [InlineData("pencils", false)]
    [InlineData("", false)]
    public void Plain_password_is_checked_against_every_form(string sent, bool accepted)
    {
        byte[] md5 = new byte[Md5Password.Length];
        Md5Password.ComputeSecret("ada"u8, "pencil"u8, md5);
        ScramMock mock = new();
        foreach (string stored in (string[])["pencil", Encoding.ASCII.GetString(md5), Scram])
        {
            PasswordSecret secret = PasswordSecret.Parse(stored);
            Assert.Equal(accepted, PasswordSecret.VerifyPlain(secret, "ada"u8, Encoding.UTF8.GetBytes(sent), mock));
        }
        Assert.False(PasswordSecret.VerifyPlain(null, "ada"u8, Encoding.UTF8.GetBytes(sent), mock));
    }

    [Fact]
    public void Empty_password_never_fits() =>
        Assert.False(PasswordSecret.VerifyPlain(PasswordSecret.Parse(""), "ada"u8, ""u8, new ScramMock()));

    [Fact]
    public void Secret_is_never_printed() =>
        Assert.DoesNotContain("pencil", PasswordSecret.Parse("pencil").ToString(), StringComparison.Ordinal);

    private static byte[] Respond(string password)
    {
        byte[] secret = new byte[Md5Password.Length];
        byte[] response = new byte[Md5Password.Length];
        Md5Password.ComputeSecret("ada"u8, Encoding.UTF8.GetBytes(password), secret);
        Md5Password.ComputeResponse(secret, Salt, response);
        return response;
    }
}
