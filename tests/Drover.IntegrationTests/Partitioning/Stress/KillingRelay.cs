// A wire between the program and the server that kills the program at a chosen message: before it is sent, or once it
// is, or when the server has done it and nobody has heard of it.
using System.Text;
using Drover.IntegrationTests.Operations;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>When, relative to a message.</summary>
internal enum KillMoment
{
    /// <summary>The server never sees it.</summary>
    Before,

    /// <summary>It is on its way; whether the server does it is open.</summary>
    During,

    /// <summary>The server has done it; its answer is thrown away.</summary>
    After,
}

/// <summary>A message of the program.</summary>
/// <param name="Text">Bytes that are in it, such as those of a COMMIT.</param>
/// <param name="Moment">When to kill.</param>
/// <param name="Count">The how-manieth of such messages.</param>
/// <param name="Step">Only behind the first message on the same session that has this step as a parameter.</param>
internal sealed record KillPoint(string Text, KillMoment Moment, int Count = 1, string? Step = null)
{
    /// <summary>As Npgsql ends a transaction: a simple query of its own.</summary>
    public const string Commit = "COMMIT\0";

    /// <summary>In place of a step: the kind of the event in the transaction that writes a run down.</summary>
    public const string Planned = "planned";

    public override string ToString() => $"{Moment} {Text.TrimEnd('\0')} {Count}{(Step is null ? "" : $" of {Step}")}";
}

/// <summary>Kills the program at a message, at most once.</summary>
internal sealed class KillingRelay : WireRelay
{
    private readonly KillPoint _point;
    private readonly byte[] _text;
    private readonly byte[] _step;
    private int _left;

    public KillingRelay(Func<int> serverPort, KillPoint point)
        : base(serverPort)
    {
        _point = point;
        _left = point.Count;
        _text = Encoding.UTF8.GetBytes(point.Text);
        // A parameter's length goes before it (manual, 55.7, Bind), so that one name is not found in another.
        byte[] name = Encoding.UTF8.GetBytes(point.Step ?? "");
        _step = [0, 0, 0, (byte)name.Length, .. name];
    }

    /// <summary>Kills the program.</summary>
    public Action Kill { private get; set; } = () => { };

    protected override WireVerdict Judge(ReadOnlySpan<byte> bytes, Wire wire)
    {
        wire.IsArmed |= _point.Step is null || bytes.IndexOf(_step) >= 0;
        bool isIt = wire.IsArmed && bytes.IndexOf(_text) >= 0 && Interlocked.Decrement(ref _left) == 0;
        return (isIt, _point.Moment) switch
        {
            (false, _) => WireVerdict.Pass,
            (_, KillMoment.Before) => WireVerdict.CutBefore,
            (_, KillMoment.During) => WireVerdict.CutBehind,
            _ => WireVerdict.CutAnswer,
        };
    }

    protected override void OnCut() => Kill();
}
