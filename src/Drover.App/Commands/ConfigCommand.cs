// drover config: convert a pgbouncer.ini, check a file, write the reference of settings.
using System.CommandLine;
using System.Text;
using System.Text.Json;
using Drover.Configuration;
using Drover.Configuration.Files;
using Drover.Configuration.Settings;

namespace Drover.App.Commands;

/// <summary>The verbs of <c>drover config</c>. Exit code 0: all is well; 1: the file has errors.</summary>
internal static class ConfigCommand
{
    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("config", "Checks, converts and documents configuration files.")
        {
            CreateConvert(),
            CreateCheck(),
            CreateDocs(),
        };

    private static Command CreateConvert()
    {
        Argument<string> file = new("file") { Description = "The pgbouncer.ini to convert." };
        Option<string?> output = new("--output", "-o") { Description = "File to write; standard output without it." };
        Command command = new("convert", "Writes a pgbouncer.ini as drover.toml; passwords are written in clear.")
        {
            file,
            output,
        };
        command.SetAction(
            async (parsed, cancellation) =>
            {
                ConfigurationResult result = await ConfigurationLoader.LoadSettingsAsync(
                    parsed.GetRequiredValue(file),
                    ConfigurationKind.PgBouncerIni,
                    cancellation
                );
                TextWriter error = parsed.InvocationConfiguration.Error;
                await WriteProblemsAsync(result, error);
                if (!result.IsValid)
                {
                    return 1;
                }
                StringWriter toml = new();
                TomlConfigurationWriter.Write(result.Options, toml);
                if (parsed.GetValue(output) is not { } path)
                {
                    await parsed.InvocationConfiguration.Output.WriteAsync(toml.ToString());
                    return 0;
                }
                return await SaveAsync(path, toml.ToString(), error, cancellation);
            }
        );
        return command;
    }

    private static Command CreateCheck()
    {
        Argument<string> file = new("file") { Description = "A drover.toml or a pgbouncer.ini." };
        Option<bool> json = new("--json") { Description = "Writes the result as JSON." };
        Command command = new("check", "Reports every error of a configuration file at once, with its line.")
        {
            file,
            json,
        };
        command.SetAction(
            async (parsed, cancellation) =>
            {
                string path = parsed.GetRequiredValue(file);
                ConfigurationResult result = await ConfigurationLoader.LoadAsync(
                    path,
                    ConfigurationLoader.KindOf(path),
                    cancellation
                );
                TextWriter output = parsed.InvocationConfiguration.Output;
                if (parsed.GetValue(json))
                {
                    await output.WriteLineAsync(ToJson(path, result));
                }
                else
                {
                    await WriteProblemsAsync(result, parsed.InvocationConfiguration.Error);
                    await output.WriteAsync(result.IsValid ? $"{path}: valid\n" : "");
                }
                return result.IsValid ? 0 : 1;
            }
        );
        return command;
    }

    private static Command CreateDocs()
    {
        Command command = new("docs", "Writes the reference of all settings, docs/configuration.md.");
        command.SetAction(
            async (parsed, _) =>
            {
                StringWriter text = new();
                SettingReference.Write(text);
                await parsed.InvocationConfiguration.Output.WriteAsync(text.ToString());
                return 0;
            }
        );
        return command;
    }

    /// <summary>Writes a file that may hold passwords: readable by its owner only, and never over another.</summary>
    private static async Task<int> SaveAsync(string path, string text, TextWriter error, CancellationToken cancellation)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Options = FileOptions.Asynchronous,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        try
        {
            await using FileStream stream = new(path, options);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
            return 0;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"error: cannot write '{path}': {problem.Message}");
            return 1;
        }
    }

    private static async Task WriteProblemsAsync(ConfigurationResult result, TextWriter output)
    {
        foreach (ConfigurationNotice warning in result.Warnings)
        {
            await output.WriteLineAsync($"warning: {warning}");
        }
        foreach (ConfigurationError error in result.Errors)
        {
            await output.WriteLineAsync($"error: {error}");
        }
    }

    private static string ToJson(string path, ConfigurationResult result)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("file", path);
            json.WriteBoolean("valid", result.IsValid);
            json.WriteStartArray("errors");
            foreach (ConfigurationError error in result.Errors)
            {
                WritePlace(json, error.File, error.Line, error.Column, error.Message);
            }
            json.WriteEndArray();
            json.WriteStartArray("warnings");
            foreach (ConfigurationNotice warning in result.Warnings)
            {
                WritePlace(json, warning.File, warning.Line, warning.Column, warning.Message);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void WritePlace(Utf8JsonWriter json, string file, int line, int column, string message)
    {
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteNumber("line", line);
        json.WriteNumber("column", column);
        json.WriteString("message", message);
        json.WriteEndObject();
    }
}
