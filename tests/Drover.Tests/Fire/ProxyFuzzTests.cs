// Damaged conversations against a live proxy: it neither falls nor hangs nor grows, and goes on serving.
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Tests.Fakes;
using Drover.Tests.Protocol;

namespace Drover.Tests.Fire;

public sealed class ProxyFuzzTests
{
    private const int ConnectionsShort = 3000;
    private const int Lanes = 8;
    private const int Seed = 20261123;
    private const long GrowthBytesMax = 64 * 1024 * 1024;

    /// <summary>Set to a number of seconds for the long run.</summary>
    private const string SecondsVariable = "DROVER_FUZZ_SECONDS";

    [Fact]
    public async Task Damaged_byte_streams_neither_stop_nor_bloat_the_proxy()
    {
        await using ProxyStage stage = ProxyStage.Start(o =>
            o with
            {
                Pool = o.Pool with { DefaultPoolSize = 4 },
                Server = o.Server with { ServerLoginRetry = TimeSpan.FromMilliseconds(50) },
            }
        );
        using (FakeClient first = await stage.ConnectAsync())
        {
            Assert.Equal("TDCZI", await first.RunAsync("a"));
        }
        byte[][] corpus = ReadCorpus();
        int? seconds = LongRunSeconds();
        Stopwatch watch = Stopwatch.StartNew();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int connections = 0;
        bool MayGoOn() =>
            seconds is null
                ? Interlocked.Increment(ref connections) <= ConnectionsShort
                : watch.Elapsed.TotalSeconds < seconds;
        await Task.WhenAll(
            Enumerable
                .Range(0, Lanes)
                .Select(lane =>
                    Task.Run(async () =>
                    {
                        Random random = new(Seed + lane);
                        while (MayGoOn())
                        {
                            await AttackAsync(stage.Port, corpus, random);
                        }
                    })
                )
        );
        using FakeClient client = await stage.ConnectAsync();
        Assert.Equal("I", await client.ScalarAsync("STATE"));
        await client.LeaveAsync();
        Assert.InRange(await stage.SettleAsync(), 0, 4);
        // Tests that run beside this one hold memory too, but not for ever.
        long start = Stopwatch.GetTimestamp();
        long grown;
        while ((grown = GC.GetTotalMemory(forceFullCollection: true) - before) >= GrowthBytesMax)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Wire.Limit, $"{grown} bytes more than before");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private static async Task AttackAsync(int port, byte[][] corpus, Random random)
    {
        byte[] bytes = Conversation(corpus, random);
        using FakeClient client = await FakeClient.DialAsync(port);
        try
        {
            int cut = random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length;
            await client.Wire.SendRawAsync(bytes.AsMemory(0, cut));
            await client.Wire.SendRawAsync(bytes.AsMemory(cut));
            if (random.Next(3) == 0)
            {
                client.Wire.Abort();
                return;
            }
            client.Wire.Socket.Shutdown(SocketShutdown.Send);
            while (await client.Wire.ReadBytesAsync(1) is not null)
            {
                // Whatever it says: it has to come to an end.
            }
        }
        catch (Exception gone) when (gone is IOException or SocketException)
        {
            // The proxy ended it first.
        }
    }

    /// <summary>A start-up packet, mostly whole, then messages, mostly damaged.</summary>
    private static byte[] Conversation(byte[][] corpus, Random random)
    {
        using MessageWriter writer = new(1024 * 1024);
        if (random.Next(8) == 0)
        {
            writer.WriteBytes(corpus[random.Next(corpus.Length)]);
        }
        else
        {
            Startup.Write(writer, "app", "app", random.Next(10) == 0 ? random.Next() : StartupHeader.Protocol30);
        }
        int startup = writer.Length;
        for (int i = random.Next(6); i > 0; i--)
        {
            writer.WriteBytes(corpus[random.Next(corpus.Length)]);
        }
        byte[] bytes = writer.Written.ToArray();
        int from = random.Next(4) == 0 ? 0 : startup;
        for (int i = random.Next(5); i > 0 && bytes.Length > from; i--)
        {
            Damage(bytes.AsSpan(from), random);
        }
        return bytes;
    }

    private static void Damage(Span<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Length);
        switch (random.Next(4))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2 when bytes.Length - at >= sizeof(int):
                ReadOnlySpan<int> extremes = [-1, 0, 4, 5, 65_536, 1 << 30, int.MaxValue, int.MinValue];
                BinaryPrimitives.WriteInt32BigEndian(bytes[at..], extremes[random.Next(extremes.Length)]);
                break;
            default:
                bytes[at..].Reverse();
                break;
        }
    }

    private static byte[][] ReadCorpus() =>
        [.. Directory.EnumerateFiles(RepositoryFiles.Corpus("framing")).Order().Select(File.ReadAllBytes)];

    private static int? LongRunSeconds() =>
        int.TryParse(
            Environment.GetEnvironmentVariable(SecondsVariable),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int seconds
        )
            ? seconds
            : null;
}
