// Lines of .pgpass, as libpq reads them.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Tests.Operations;

public sealed class PasswordFileTests
{
    [Theory]
    [InlineData("db:5432:shop:app:secret", "secret")]
    [InlineData("*:*:*:app:secret", "secret")]
    [InlineData("db:5432:shop:app:with:colons\\\\and", "with:colons\\and")]
    [InlineData(@"d\b:5432:shop:app:se\:cret", "se:cret")]
    [InlineData("# db:5432:shop:app:secret", null)]
    [InlineData("db:5433:shop:app:secret", null)]
    [InlineData("db:5432:shop:other:secret", null)]
    [InlineData("db:5432:shop:app", null)]
    [InlineData("db:5432:other:app:first", null)]
    public void Line_fits_or_does_not(string line, string? password)
    {
        NpgsqlConnectionStringBuilder target = new("Host=db;Port=5432;Database=shop;Username=app");
        Assert.Equal(password, PasswordFile.Find([line, "nothing"], target));
    }

    [Fact]
    public void First_line_that_fits_counts_and_a_socket_is_localhost()
    {
        NpgsqlConnectionStringBuilder target = new("Host=/run/postgresql;Port=5432;Database=shop;Username=app");
        Assert.Equal("b", PasswordFile.Find(["db:*:*:*:a", "localhost:*:*:*:b", "*:*:*:*:c"], target));
    }

    [Fact]
    public void File_that_others_may_read_is_left_alone_and_a_password_of_its_own_comes_first()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "*:*:*:*:kept\n");
            NpgsqlConnectionStringBuilder target = new($"Host=db;Username=app;Database=shop;Passfile={file}");
            Assert.Equal("kept", PasswordFile.PasswordOf(target));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Assert.Null(PasswordFile.PasswordOf(target));
            target.Password = "own";
            Assert.Equal("own", PasswordFile.PasswordOf(target));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
