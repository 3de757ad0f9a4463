// Style is a test: budgets, arrows and names.
namespace Drover.Tests;

public sealed class TidyTests
{
    [Fact]
    public void Solution_file_exists() => Assert.True(File.Exists(Path.Combine(RepositoryRoot(), "Drover.slnx")));

    private static string RepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new InvalidOperationException("not inside the repository");
    }
}
