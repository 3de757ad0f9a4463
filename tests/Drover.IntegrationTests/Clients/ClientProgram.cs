// The real clients: how each is started, and what it needs on the machine.
namespace Drover.IntegrationTests.Clients;

/// <summary>A client's script; <see cref="Command"/> is null for the one that runs in this process.</summary>
internal sealed record ClientProgram(string Name, string Folder, string[]? Command, Requirement[] Requirements)
{
    private const string Python = "/usr/bin/python3";
    private const string JdbcJar = "/usr/share/java/postgresql.jar";
    private const string PythonPackages = "/usr/lib/python3/dist-packages";

    /// <summary>All of them; every one runs the same kinds of steps in its own idiom.</summary>
    public static IReadOnlyList<ClientProgram> All { get; } =
    [
        new("psql", "psql", [Python, "psql_client.py"], [Need("/usr/bin/psql", "postgresql-client-15")]),
        new("pgbench", "pgbench", [Python, "pgbench_client.py"], [Need("/usr/bin/pgbench", "postgresql-15")]),
        new("npgsql", ".", null, []),
        new("node-postgres", "node", ["node", "pg.mjs"], [Requirement.NodePackages]),
        new("postgres.js", "node", ["node", "postgresjs.mjs"], [Requirement.NodePackages]),
        new(
            "psycopg3",
            "python",
            [Python, "psycopg3_client.py"],
            [Need($"{PythonPackages}/psycopg", "python3-psycopg")]
        ),
        new(
            "psycopg2",
            "python",
            [Python, "psycopg2_client.py"],
            [Need($"{PythonPackages}/psycopg2", "python3-psycopg2")]
        ),
        new("asyncpg", "python", [Python, "asyncpg_client.py"], [Need($"{PythonPackages}/asyncpg", "python3-asyncpg")]),
        new(
            "jdbc",
            "java",
            ["java", "-XX:TieredStopAtLevel=1", "-cp", JdbcJar, "JdbcClient.java"],
            [Need(JdbcJar, "libpostgresql-jdbc-java"), Need("/usr/bin/javac", "default-jdk-headless")]
        ),
    ];

    /// <summary>The client of that name.</summary>
    public static ClientProgram Named(string name) => All.Single(client => client.Name == name);

    private static Requirement Need(string path, string package) => new(path, package);
}
