// The log: its lines, its file, and its event ids.
using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Drover.App.Hosting;
using Drover.Configuration;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Drover.Tests.Hosting;

public sealed class LogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drover-log-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.Zero));

    private string LogFile => Path.Combine(_folder, "drover.log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Line_has_PgBouncers_form()
    {
        await LogAsync(LogFormat.Text, l => LogServer.ConnectFailed(l, "S-1: app/joe@10.0.0.1:5432", "refused", 15));
        Assert.Equal(
            "2026-01-02 03:04:05.006 UTC [42] WARNING S-1: app/joe@10.0.0.1:5432 cannot connect: refused. "
                + "Is PostgreSQL up, and host and port right in [databases]? Next try in 15 s (server_login_retry).\n",
            await File.ReadAllTextAsync(LogFile, TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task Name_with_a_line_break_cannot_forge_a_line()
    {
        await LogAsync(LogFormat.Text, l => LogLogin.NoSuchDatabase(l, "C-1", "a\n2026 FATAL b\u001b[31m"));
        string text = await File.ReadAllTextAsync(LogFile, TestContext.Current.CancellationToken);
        Assert.Equal(1, text.Count(c => c == '\n'));
        Assert.Contains("a\\n2026 FATAL b?[31m", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_the_event_and_the_values()
    {
        await LogAsync(LogFormat.Json, l => LogLifecycle.Up(l, "1.2.3", 42, 2));
        string line = await File.ReadAllTextAsync(LogFile, TestContext.Current.CancellationToken);
        JsonElement entry = JsonDocument.Parse(line).RootElement;
        Assert.Equal(5000, entry.GetProperty("event").GetInt32());
        Assert.Equal("Up", entry.GetProperty("name").GetString());
        Assert.Equal("log", entry.GetProperty("level").GetString());
        Assert.Equal(2, entry.GetProperty("values").GetProperty("Loops").GetInt64());
        Assert.Equal("2026-01-02T03:04:05.006Z", entry.GetProperty("time").GetString());
    }

    [Fact]
    public async Task File_that_was_moved_is_opened_again_on_reload()
    {
        LogOptions options = new() { Logfile = LogFile };
        await using (LogSetup log = new(options, LogFormat.Text, null, _time, 42))
        {
            ILogger logger = log.Loggers.CreateLogger("lifecycle");
            LogLifecycle.Listening(logger, "one");
            await EventuallyAsync(() => new FileInfo(LogFile).Length > 0);
            File.Move(LogFile, LogFile + ".1");
            log.Apply(options);
            LogLifecycle.Listening(logger, "two");
        }
        Assert.Contains(
            "listening on one",
            await File.ReadAllTextAsync(LogFile + ".1", TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "listening on two",
            await File.ReadAllTextAsync(LogFile, TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Verbosity_changes_with_a_reload()
    {
        LogOptions options = new() { Logfile = LogFile };
        await using LogSetup log = new(options, LogFormat.Text, null, _time, 42);
        ILogger logger = log.Loggers.CreateLogger("pool");
        Assert.False(logger.IsEnabled(LogLevel.Debug));
        log.Apply(options with { Verbose = 1 });
        Assert.True(logger.IsEnabled(LogLevel.Debug));
        Assert.False(logger.IsEnabled(LogLevel.Trace));
    }

    [Fact]
    public async Task Writer_that_cannot_keep_up_drops_lines_and_says_how_many()
    {
        using BlockedStream stream = new();
        LogWriter writer = new(stream, "", null, dropped => new($"dropped {dropped}\n", "", LogLevel.Warning));
        for (int i = 0; i < LogWriter.QueueMax + 100; i++)
        {
            writer.Write(new("line\n", "line", LogLevel.Information));
        }
        stream.Gate.SetResult();
        await writer.DisposeAsync();
        string text = Encoding.UTF8.GetString(stream.ToArray());
        int written = text.Split("line\n").Length - 1;
        int dropped = text.Split('\n')
            .Where(l => l.StartsWith("dropped ", StringComparison.Ordinal))
            .Sum(l => int.Parse(l[8..], CultureInfo.InvariantCulture));
        Assert.InRange(written, LogWriter.QueueMax, LogWriter.QueueMax + 1);
        Assert.Equal(LogWriter.QueueMax + 100, written + dropped);
    }

    [Fact]
    public void Syslog_gets_priority_name_and_message()
    {
        string path = Path.Combine(_folder, "log");
        using Socket logger = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        logger.Bind(new UnixDomainSocketEndPoint(path));
        logger.ReceiveTimeout = 5000;
        using SyslogSocket syslog = new(path, "drover", "local0", 42);
        Assert.True(syslog.TrySend(LogLevel.Warning, "careful"));
        byte[] buffer = new byte[1024];
        Assert.Equal("<132>drover[42]: careful", Encoding.UTF8.GetString(buffer, 0, logger.Receive(buffer)));
        using SyslogSocket nobody = new(path + "-gone", "drover", "daemon", 42);
        Assert.False(nobody.TrySend(LogLevel.Error, "lost"));
    }

    [Fact]
    public void Event_ids_are_unique_and_in_their_topics_range()
    {
        Dictionary<string, int> ranges = new()
        {
            ["LogLogin"] = 1000,
            ["LogPool"] = 2000,
            ["LogServer"] = 3000,
            ["LogConfiguration"] = 4000,
            ["LogLifecycle"] = 5000,
            ["LogConsole"] = 6000,
        };
        HashSet<int> seen = [];
        foreach ((string name, int first) in ranges)
        {
            Type type = typeof(LogLabel).Assembly.GetType("Drover.Telemetry." + name, throwOnError: true)!;
            foreach (
                MethodInfo method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            )
            {
                if (method.GetCustomAttribute<LoggerMessageAttribute>() is { } attribute)
                {
                    Assert.InRange(attribute.EventId, first, first + 99);
                    Assert.True(seen.Add(attribute.EventId), $"{attribute.EventId} is used twice");
                }
            }
        }
        Assert.True(seen.Count >= 40);
    }

    private async Task LogAsync(LogFormat format, Action<ILogger> write)
    {
        await using LogSetup log = new(new LogOptions { Logfile = LogFile }, format, null, _time, 42);
        write(log.Loggers.CreateLogger("topic"));
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        for (int i = 0; i < 500 && !condition(); i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        Assert.True(condition());
    }

    private sealed class BlockedStream : MemoryStream
    {
        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            await Gate.Task;
            await base.WriteAsync(buffer, cancellationToken);
        }
    }
}
