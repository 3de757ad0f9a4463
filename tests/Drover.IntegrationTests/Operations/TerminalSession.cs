// The program on a pseudo-terminal of its own, as a person has it: script(1) of util-linux makes one.
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Drover.IntegrationTests.Operations;

/// <summary>A shell that runs one command of drover, and what the terminal has been sent so far.</summary>
internal sealed partial class TerminalSession : IDisposable
{
    private const int Columns = 80;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly StringBuilder _sent = new();
    private readonly Task _reading;

    private TerminalSession(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Everything, with the terminal's control sequences.</summary>
    public string Sent
    {
        get
        {
            lock (_sent)
            {
                return _sent.ToString();
            }
        }
    }

    /// <summary>The same without them.</summary>
    public string Text => Control().Replace(Sent, "");

    /// <summary>
    /// Starts it. The shell writes the terminal's settings before and after the command, and its exit code between.
    /// </summary>
    public static TerminalSession Start(string arguments)
    {
        string drover = TestedProgram.Path;
        string shell =
            $"trap : INT; stty cols {Columns} rows 40; echo before=$(stty -g); '{drover}' {arguments}; echo exit=$?; "
            + "echo after=$(stty -g)";
        // What runs in the background of a script ignores Ctrl-C, and so would all that it starts.
        ProcessStartInfo start = new("env", ["--default-signal=INT", "script", "-qfec", shell, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment.Remove("CI");
        start.Environment.Remove("NO_COLOR");
        return new TerminalSession(Process.Start(start)!);
    }

    /// <summary>Waits until the terminal has been sent a text, behind so many characters.</summary>
    public async Task WaitForAsync(string text, int from = 0)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (Text.IndexOf(text, from, StringComparison.Ordinal) < 0)
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(started) < s_patience && !_process.HasExited,
                $"the terminal does not show '{text}':\n{Text}"
            );
            await Task.Delay(s_look, Token);
        }
    }

    /// <summary>Presses Ctrl-C.</summary>
    public async Task InterruptAsync()
    {
        await _process.StandardInput.WriteAsync('\x03');
        await _process.StandardInput.FlushAsync(Token);
    }

    /// <summary>Waits for the end; the terminal must be as it was. Returns the command's exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync(Token).WaitAsync(s_patience, Token);
        await _reading;
        string Value(string name) => Regex.Match(Text, $@"{name}=([^\r\n]*)").Groups[1].Value;
        Assert.Equal(Value("before"), Value("after"));
        Assert.True(
            Sent.LastIndexOf("\e[?25h", StringComparison.Ordinal)
                >= Sent.LastIndexOf("\e[?25l", StringComparison.Ordinal),
            $"the cursor stays hidden:\n{Sent}"
        );
        return int.Parse(Value("exit"), System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        char[] buffer = new char[4096];
        for (int read; (read = await _process.StandardOutput.ReadAsync(buffer, Token)) > 0; )
        {
            lock (_sent)
            {
                _sent.Append(buffer, 0, read);
            }
        }
    }

    [GeneratedRegex(@"\e\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Control();
}
