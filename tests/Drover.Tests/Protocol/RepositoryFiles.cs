// Finds the corpora that tests read, from wherever the tests run.
namespace Drover.Tests.Protocol;

internal static class RepositoryFiles
{
    internal static string Corpus(string name)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
        {
            folder = folder.Parent;
        }
        string root = folder?.FullName ?? throw new InvalidOperationException("not inside the repository");
        return Path.Combine(root, "tests", "corpus", name);
    }
}
