// Damaged messages against every reader: nothing throws, nothing is allocated, in a short run or a long one.
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Drover.Protocol.Framing;

namespace Drover.Tests.Protocol;

public sealed class FramingFuzzTests
{
    private const int IterationsShort = 50_000;
    private const int LengthMax = 4096;

    /// <summary>Set to a number of seconds for the long run.</summary>
    private const string SecondsVariable = "DROVER_FUZZ_SECONDS";

    [Fact]
    public void Damaged_messages_neither_throw_nor_allocate()
    {
        List<byte[]> corpus = ReadCorpus();
        int seed = 20250926;
        Random random = new(seed);
        byte[] buffer = new byte[LengthMax];
        int? seconds = LongRunSeconds();
        Stopwatch watch = Stopwatch.StartNew();
        MessageParsing.ReadAsEverything(corpus[0]);
        for (long i = 0; seconds is null ? i < IterationsShort : watch.Elapsed.TotalSeconds < seconds; i++)
        {
            int length = Mutate(corpus, random, buffer);
            Check(buffer.AsSpan(0, length), seed, i);
        }
    }

    [Fact]
    public void Corpus_has_every_kind_of_message()
    {
        string folder = RepositoryFiles.Corpus("framing");
        foreach ((string name, byte[] bytes) in ProtocolSamples.All)
        {
            string file = Path.Combine(folder, name + ".bin");
            if (Environment.GetEnvironmentVariable("DROVER_WRITE_CORPUS") == "1")
            {
                File.WriteAllBytes(file, bytes);
            }
            Assert.True(File.Exists(file), $"{file} is missing; run once with DROVER_WRITE_CORPUS=1");
            Assert.Equal(bytes, File.ReadAllBytes(file));
        }
    }

    private static int? LongRunSeconds() =>
        int.TryParse(
            Environment.GetEnvironmentVariable(SecondsVariable),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int seconds
        )
            ? seconds
            : null;

    private static List<byte[]> ReadCorpus()
    {
        IEnumerable<string> files = Directory.EnumerateFiles(RepositoryFiles.Corpus("framing")).Order();
        return [.. files.Select(File.ReadAllBytes)];
    }

    private static void Check(ReadOnlySpan<byte> input, int seed, long iteration)
    {
        try
        {
            // What the runtime allocates on this thread for itself, once in millions, does not come three times.
            long allocated = long.MaxValue;
            for (int i = 0; i < 3 && allocated > LengthMax; i++)
            {
                allocated = BytesAllocatedBy(input);
            }
            // The assertions box a few numbers; a length field that was believed would show as kilobytes.
            Assert.True(allocated <= LengthMax, $"{allocated} bytes were allocated");
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed}, iteration {iteration}, input {Convert.ToHexString(input)}: {e}");
        }
    }

    private static long BytesAllocatedBy(ReadOnlySpan<byte> input)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        StartupHeader.TryRead(input, out _);
        if (MessageHeader.TryRead(input, out MessageHeader header) == FrameStatus.Complete)
        {
            Assert.InRange(header.Length, MessageHeader.Size, MessageHeader.LengthMax);
        }
        MessageParsing.ReadAsEverything(input);
        MessageParsing.ReadAsEverything(input[Math.Min(MessageHeader.Size, input.Length)..]);
        MessageParsing.ReadAsEverything(input[Math.Min(StartupHeader.Size, input.Length)..]);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static int Mutate(List<byte[]> corpus, Random random, byte[] buffer)
    {
        byte[] seed = corpus[random.Next(corpus.Count)];
        seed.CopyTo(buffer, 0);
        int length = seed.Length;
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            Span<byte> input = buffer.AsSpan(0, length);
            switch (random.Next(7))
            {
                case 0 when length > 0:
                    input[random.Next(length)] = (byte)random.Next(256);
                    break;
                case 1 when length > 0:
                    input[random.Next(length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    length = random.Next(length + 1);
                    break;
                case 3 when length > 4:
                    ReadOnlySpan<int> extremes = [-1, 0, int.MaxValue, int.MinValue, -2, 65536, 4];
                    int at = random.Next(length - 3);
                    BinaryPrimitives.WriteInt32BigEndian(input[at..], extremes[random.Next(extremes.Length)]);
                    break;
                case 4:
                    byte[] other = corpus[random.Next(corpus.Count)];
                    int taken = Math.Min(other.Length, LengthMax - length);
                    other.AsSpan(0, taken).CopyTo(buffer.AsSpan(length));
                    length += taken;
                    break;
                case 5 when length > 1:
                    int from = random.Next(length);
                    input[from..].CopyTo(input[random.Next(from + 1)..]);
                    break;
                default:
                    random.NextBytes(buffer.AsSpan(length, Math.Min(8, LengthMax - length)));
                    length += Math.Min(8, LengthMax - length);
                    break;
            }
        }
        return length;
    }
}
