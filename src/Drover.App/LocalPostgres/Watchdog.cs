// Outlives us for a moment: when our end of its pipe closes, on purpose or by a kill -9, it stops the server
// and deletes the cluster's folder.
using System.Diagnostics;

namespace Drover.App.LocalPostgres;

/// <summary>A shell in a session of its own that cleans up after us, whatever way we end.</summary>
internal sealed class Watchdog : IAsyncDisposable
{
    // $1 is the folder. A server is told by an argument inside that folder, as postmaster.pid may not have been written
    // yet; a proxy whose configuration is there is ended too. SIGQUIT is an immediate shutdown; after 5 s it is SIGKILL.
    // The shell ignores what a terminal sends to everybody.
    private const string Script = """
        trap '' HUP INT QUIT TERM PIPE
        folder=$1
        servers() {
            for arguments in /proc/[0-9]*/cmdline; do
                process=${arguments%/cmdline}; process=${process#/proc/}
                if tr '\0' '\n' <"$arguments" 2>/dev/null | grep -q "^$folder/"; then echo "$process"; fi
            done
        }
        while read -r _; do :; done
        tries=0
        while found=$(servers); [ -n "$found" ] && [ "$tries" -lt 60 ]; do
            if [ "$tries" -lt 50 ]; then kill -QUIT $found; else kill -KILL $found; fi 2>/dev/null
            tries=$((tries + 1))
            sleep 0.1
        done
        rm -rf -- "$folder" || { sleep 1; rm -rf -- "$folder"; }
        """;

    private readonly Process _process;

    private Watchdog(Process process) => _process = process;

    /// <summary>The process id of the shell.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts to watch over a cluster's folder.</summary>
    public static Watchdog Start(string folder)
    {
        ProcessStartInfo start = CommandRun.CreateStartInfo(
            ["setsid", "sh", "-c", Script, "drover-watchdog", folder],
            "/"
        );
        Process process = CommandRun.Start(start);
        process.StandardOutput.Close();
        process.StandardError.Close();
        return new Watchdog(process);
    }

    /// <summary>Has the cluster cleaned up, and waits until that is done.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
