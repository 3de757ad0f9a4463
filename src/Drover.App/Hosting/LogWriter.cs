// Takes log lines from any thread and writes them behind a bounded queue, so that a slow disk never holds up traffic.
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Drover.App.Hosting;

/// <summary>A line that waits to be written.</summary>
/// <param name="Line">As it stands in a file, with its end.</param>
/// <param name="Message">As the system's log gets it, which adds the rest itself.</param>
/// <param name="Level">For the system's log.</param>
internal readonly record struct QueuedLine(string Line, string Message, LogLevel Level);

/// <summary>
/// Writes to the standard error stream, to a file, or to both. When the queue is full, lines are dropped and counted;
/// the count is written as soon as there is room. <see cref="DisposeAsync"/> writes what is left.
/// </summary>
internal sealed partial class LogWriter : IAsyncDisposable
{
    /// <summary>Lines that may wait; at 200 bytes each, 1.6 MB.</summary>
    public const int QueueMax = 8192;

    private const int WriteOnly = 0x1;
    private const int Create = 0x40;
    private const int Append = 0x400;
    private const int CloseOnExec = 0x80000;
    private const uint OwnerWritesGroupReads = 0b110_100_000;

    private readonly Channel<QueuedLine> _lines = Channel.CreateBounded<QueuedLine>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
    );
    private readonly Stream? _console;
    private readonly SyslogSocket? _syslog;
    private readonly Func<long, QueuedLine> _droppedLine;
    private readonly Task _loop;
    private FileStream? _file;
    private string _path;
    private long _dropped;
    private int _reopen;

    /// <summary>Starts to write.</summary>
    /// <param name="console">Standard error; null: quiet. Not closed.</param>
    /// <param name="path">The log file; empty: none.</param>
    /// <param name="syslog">The system's log; null: none. Disposed with the writer.</param>
    /// <param name="droppedLine">Makes the line that says how many were dropped.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public LogWriter(Stream? console, string path, SyslogSocket? syslog, Func<long, QueuedLine> droppedLine)
    {
        _console = console;
        _path = path;
        _syslog = syslog;
        _droppedLine = droppedLine;
        _file = Open(path);
        _loop = Task.Run(WriteAllAsync);
    }

    /// <summary>Queues a line.</summary>
    public void Write(QueuedLine line)
    {
        if (!_lines.Writer.TryWrite(line))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>
    /// Opens the file again before the next line: it was moved by logrotate, or its name changed. If that fails, the
    /// old one stays in use.
    /// </summary>
    public void Reopen(string path)
    {
        Volatile.Write(ref _path, path);
        Volatile.Write(ref _reopen, 1);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
        _syslog?.Dispose();
        if (_file is not null)
        {
            await _file.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task WriteAllAsync()
    {
        while (await _lines.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_lines.Reader.TryRead(out QueuedLine line))
            {
                await ReopenIfAskedAsync().ConfigureAwait(false);
                await WriteLineAsync(line).ConfigureAwait(false);
            }
            long dropped = Interlocked.Exchange(ref _dropped, 0);
            if (dropped > 0)
            {
                await WriteLineAsync(_droppedLine(dropped)).ConfigureAwait(false);
            }
            await FlushAsync().ConfigureAwait(false);
        }
    }

    private async Task WriteLineAsync(QueuedLine line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line.Line);
        _syslog?.TrySend(line.Level, line.Message);
        try
        {
            if (_console is not null)
            {
                await _console.WriteAsync(bytes).ConfigureAwait(false);
            }
            if (_file is not null)
            {
                await _file.WriteAsync(bytes).ConfigureAwait(false);
            }
        }
        catch (IOException)
        {
            // A full disk or a closed pipe must not end the proxy; the line is lost, and counted as such.
            Interlocked.Increment(ref _dropped);
        }
    }

    private async Task FlushAsync()
    {
        try
        {
            if (_file is not null)
            {
                await _file.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (IOException)
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private async Task ReopenIfAskedAsync()
    {
        if (Interlocked.Exchange(ref _reopen, 0) == 0)
        {
            return;
        }
        try
        {
            FileStream? fresh = Open(Volatile.Read(ref _path));
            if (_file is not null)
            {
                await _file.DisposeAsync().ConfigureAwait(false);
            }
            _file = fresh;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string message = $"cannot open the log file again, the old one stays in use: {failure.Message}";
            await WriteLineAsync(new QueuedLine(message + "\n", message, LogLevel.Error)).ConfigureAwait(false);
        }
    }

    // O_APPEND, which FileMode.Append does not give: several processes may share the file, and logrotate may cut it
    // short.
    private static FileStream? Open(string path)
    {
        if (path.Length == 0)
        {
            return null;
        }
        if (!OperatingSystem.IsLinux())
        {
            return new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
        int descriptor = OpenFile(path, WriteOnly | Create | Append | CloseOnExec, OwnerWritesGroupReads);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open log file {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        return new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Write);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags, uint mode);
}
