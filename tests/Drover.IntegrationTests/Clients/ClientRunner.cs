// Runs a client's script against a host and port, in a database of its own, and reads what it saw.
using System.Diagnostics;
using System.Text;

namespace Drover.IntegrationTests.Clients;

/// <summary>Where a client connects to.</summary>
internal sealed record ClientTarget(string Host, int Port, string User, string Password, string Database)
{
    /// <summary>The target in Npgsql's words; unpooled, as a script asks for a pool when it wants one.</summary>
    public string ConnectionString =>
        $"Host={Host};Port={Port};Username={User};Password={Password};Database={Database};Pooling=false;Timeout=10;"
        + "Array Nullability Mode=Always";
}

/// <summary>Starts the clients.</summary>
internal static class ClientRunner
{
    private static readonly TimeSpan s_timeLimit = TimeSpan.FromSeconds(150);

    /// <summary>The folder tests/clients of this repository.</summary>
    public static string ClientsFolder { get; } = FindClientsFolder();

    /// <summary>Runs one client from its first step to its last.</summary>
    public static async Task<ClientOutcome> RunAsync(
        ClientProgram client,
        ClientTarget target,
        CancellationToken cancellationToken
    )
    {
        string folder = Path.GetFullPath(Path.Combine(ClientsFolder, client.Folder));
        await Requirement.EnsureAsync(client, folder, cancellationToken);
        if (client.Command is null)
        {
            return new ClientOutcome(await NpgsqlScript.RunAsync(target, cancellationToken));
        }
        (string output, string errors) = await ReadAsync(Describe(client.Command, folder, target), cancellationToken);
        try
        {
            // The only words of a run that name its database.
            return ClientOutcome.Parse(output.Replace(target.Database, "DATABASE", StringComparison.Ordinal));
        }
        catch (System.Text.Json.JsonException)
        {
            throw new InvalidOperationException($"{client.Name} printed no document.\n{output}\n{errors}");
        }
    }

    private static ProcessStartInfo Describe(string[] command, string folder, ClientTarget target)
    {
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (
            string name in start.Environment.Keys.Where(n => n.StartsWith("PG", StringComparison.Ordinal)).ToList()
        )
        {
            start.Environment.Remove(name);
        }
        start.Environment["PGHOST"] = target.Host;
        start.Environment["PGPORT"] = $"{target.Port}";
        start.Environment["PGUSER"] = target.User;
        start.Environment["PGPASSWORD"] = target.Password;
        start.Environment["PGDATABASE"] = target.Database;
        start.Environment["TZ"] = "UTC";
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        return start;
    }

    private static async Task<(string Output, string Errors)> ReadAsync(
        ProcessStartInfo start,
        CancellationToken cancellationToken
    )
    {
        using Process process = Process.Start(start)!;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_timeLimit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            string errors = await process.StandardError.ReadToEndAsync(limit.Token);
            string text = await output;
            await process.WaitForExitAsync(limit.Token);
            return (text, errors);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{start.FileName} {start.ArgumentList.LastOrDefault()} did not end in time");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string FindClientsFolder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Drover.slnx")))
        {
            folder = folder.Parent;
        }
        return Path.Combine(folder!.FullName, "tests", "clients");
    }
}
