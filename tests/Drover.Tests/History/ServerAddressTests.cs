// Which measured server a proxied database is.
using Drover.Configuration;
using Drover.History;
using Npgsql;

namespace Drover.Tests.History;

public sealed class ServerAddressTests
{
    [Theory]
    [InlineData("db1", 5432, null, "Host=db1;Database=shop", true)]
    [InlineData("db1", 5432, "shop", "Host=db1;Database=shop", true)]
    [InlineData("db1", 5432, "other", "Host=db1;Database=shop", false)]
    [InlineData("db1", 5433, null, "Host=db1;Database=shop", false)]
    [InlineData("db2", 5432, null, "Host=db1;Database=shop", false)]
    [InlineData("localhost", 5432, null, "Host=127.0.0.1;Database=shop", true)]
    [InlineData("::1", 5432, null, "Host=localhost;Database=shop", true)]
    [InlineData("db2", 5433, null, "Host=db1,db2:5433;Database=shop", true)]
    [InlineData("/run/postgresql", 5432, null, "Host=/run/postgresql;Database=shop", true)]
    public void Same_host_port_and_database_are_the_same(
        string host,
        int port,
        string? dbname,
        string target,
        bool isSame
    )
    {
        DatabaseOptions database = new()
        {
            Name = "shop",
            Host = [host],
            Port = port,
            Dbname = dbname,
        };
        Assert.Equal(isSame, ServerAddress.IsOf(database, new NpgsqlConnectionStringBuilder(target)));
    }
}
