// RELOAD and SET: new options take the place of the old ones whole, or not at all.
using Drover.Administration;
using Drover.Configuration;
using Drover.Configuration.Settings;
using Drover.Pooling;
using Drover.Protocol;
using Drover.Protocol.Authentication;
using Drover.Sessions;
using Drover.Telemetry;
using Microsoft.Extensions.Logging;

namespace Drover.Proxy;

/// <summary>
/// Everything that can fail (files, their contents, certificates) is done before anything is swapped. One at a time.
/// </summary>
internal sealed class ProxyReload(DataPlane plane, IProxyHost host, ILogger log) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>RELOAD.</summary>
    public async ValueTask<AdministrationResult> ReloadAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        host.Reloading();
        try
        {
            // Away from the event loop that the console is on: reading files and certificates takes its time.
            return await Task.Run(
                async () =>
                {
                    ConfigurationResult loaded = await host.LoadAsync(plane.Directory.Options, cancellation);
                    return loaded.IsValid ? Replace(loaded.Options) : Refuse(loaded);
                },
                cancellation
            );
        }
        finally
        {
            host.Reloaded();
            _turn.Release();
        }
    }

    /// <summary>SET.</summary>
    public AdministrationResult Set(string name, string value)
    {
        if (!_turn.Wait(0))
        {
            return AdministrationResult.Failed("a RELOAD is under way", hint: "Try again in a moment.");
        }
        try
        {
            DroverOptions running = plane.Directory.Options;
            ProxyOptions? changed = SettingConsole.Set(running.Proxy, name, value, out string problem);
            return changed is null
                ? AdministrationResult.Failed(problem)
                : Install(running with { Proxy = changed }, AdministrationResult.DefaultSqlState);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private AdministrationResult Replace(DroverOptions loaded)
    {
        ConfigurationReload plan = ConfigurationReload.Plan(plane.Directory.Options, loaded);
        AdministrationResult result = Install(plan.Options, AdministrationResult.ConfigurationFileError);
        if (!result.Succeeded)
        {
            return result;
        }
        foreach (ConfigurationNotice notice in loaded.Warnings)
        {
            LogConfiguration.Odd(log, notice.File, notice.Line, notice.Message);
        }
        foreach (string setting in plan.NeedRestart)
        {
            LogConfiguration.NeedsRestart(log, setting);
        }
        return AdministrationResult.Ok;
    }

    private AdministrationResult Refuse(ConfigurationResult refused)
    {
        foreach (ConfigurationError error in refused.Errors)
        {
            LogConfiguration.Wrong(log, error.File, error.Line, error.Message);
        }
        ConfigurationError first = refused.Errors[0];
        LogConfiguration.ReloadRefused(log, first.File, refused.Errors.Length);
        return AdministrationResult.Failed(
            $"RELOAD refused, nothing has changed: {first}",
            AdministrationResult.ConfigurationFileError,
            refused.Errors.Length == 1 ? null : $"{refused.Errors.Length - 1} more error(s) are in the log."
        );
    }

    private AdministrationResult Install(DroverOptions next, string sqlState)
    {
        if (!TlsSetup.TryLoad(next.Proxy, out TlsSetup? tls, out string? problem))
        {
            LogConfiguration.TlsFileWrong(log, "client_tls or server_tls", problem);
            return AdministrationResult.Failed($"nothing has changed: {problem}", sqlState);
        }
        plane.Services.ClientTls = tls.Client;
        plane.Services.Connector.Tls = tls.Server;
        plane.Resolver.Clear();
        IReadOnlyList<DatabaseEntry> removed = plane.Directory.Apply(next);
        RenewCredentials();
        foreach (ServerPool pool in plane.Directory.Pools)
        {
            pool.Database.Telling.Expire();
        }
        foreach (ClientConnection client in plane.Services.Registry.Clients)
        {
            if (client.Session is { } session && removed.Contains(session.Pool.Database))
            {
                client.Kill(new SessionEnd("database removed", SqlState.AdminShutdown));
            }
        }
        host.Applied(next);
        return AdministrationResult.Ok;
    }

    /// <summary>
    /// A password that was changed in the user list is used for the next server login, not at the next client's.
    /// </summary>
    private void RenewCredentials()
    {
        foreach (UserEntry user in plane.Directory.Users)
        {
            PasswordSecret? secret = plane.Services.Secrets.FromFile(user.Name);
            if (secret != user.Credential.Secret)
            {
                user.Credential = new ServerCredential(secret, null);
            }
        }
    }
}
