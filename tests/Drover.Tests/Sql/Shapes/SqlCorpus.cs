// SQL that the readers of SQL are tried on: statements by feature, and every script of the tests.
namespace Drover.Tests.Sql.Shapes;

internal static class SqlCorpus
{
    /// <summary>Statements by feature, one a line, which PostgreSQL 15 parses.</summary>
    public static IReadOnlyList<string> Statements { get; } =
    [
        .. File.ReadAllLines(Path.Combine(Repository.Root, "tests", "sql", "statements.sql"))
            .Where(static line => line.Length > 0 && !line.StartsWith("--", StringComparison.Ordinal)),
    ];

    /// <summary>Scripts of the tests.</summary>
    public static IEnumerable<string> Files() =>
        Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.sql", SearchOption.AllDirectories)
            .Where(static path => !path.Contains("node_modules", StringComparison.Ordinal));
}
