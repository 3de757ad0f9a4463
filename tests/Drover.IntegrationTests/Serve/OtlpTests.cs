// An OpenTelemetry collector, as far as it receives: what serve sends it over HTTP, read as protobuf.
using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Telemetry;
using Npgsql;

namespace Drover.IntegrationTests.Serve;

public sealed class OtlpTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Collector_receives_the_meters_with_the_service_name_and_the_count_of_queries()
    {
        using HttpListener collector = new();
        int port = ServeProcess.FindFreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        Dictionary<string, string> settings = new() { ["otlp_endpoint"] = $"http://127.0.0.1:{port}/v1/metrics" };
        Dictionary<string, string> environment = new() { ["OTEL_METRIC_EXPORT_INTERVAL"] = "200" };
        int postgres = (await fixture.GetAsync(15)).Port;
        await using ServeProcess serve = await ServeProcess.StartAsync(postgres, Token, settings, environment);
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        for (int i = 0; i < 9; i++)
        {
            await using NpgsqlCommand one = new("select 1", client);
            await one.ExecuteScalarAsync(Token);
        }

        Channel<byte[]> bodies = Channel.CreateUnbounded<byte[]>();
        Task receiving = ReceiveAsync(collector, bodies.Writer);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        long queries = 0;
        while (queries < 9)
        {
            byte[] body = await bodies.Reader.ReadAsync(limit.Token);
            // ExportMetricsServiceRequest: resource_metrics = 1; in it resource = 1 and scope_metrics = 2. An export
            // before the first query has no points.
            foreach (byte[] resourceMetrics in Fields(body, 1))
            {
                Assert.Contains("drover", Encoding.UTF8.GetString(Assert.Single(Fields(resourceMetrics, 1))));
                queries = Math.Max(queries, Fields(resourceMetrics, 2).Sum(QueriesOf));
            }
        }
        Assert.InRange(queries, 9, 60);
        collector.Stop();
        await receiving;
    }

    private static async Task ReceiveAsync(HttpListener collector, ChannelWriter<byte[]> bodies)
    {
        while (collector.IsListening)
        {
            try
            {
                HttpListenerContext context = await collector.GetContextAsync();
                Assert.Equal("application/x-protobuf", context.Request.ContentType);
                using MemoryStream body = new();
                await context.Request.InputStream.CopyToAsync(body);
                bodies.TryWrite(body.ToArray());
                context.Response.Close();
            }
            catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
            {
                bodies.TryComplete();
            }
        }
    }

    // Metric: name = 1, sum = 7; Sum: data_points = 1; NumberDataPoint: as_double = 4, left out when 0.
    private static long QueriesOf(byte[] scope)
    {
        Assert.Contains(ProxyMeters.MeterName, Encoding.UTF8.GetString(Assert.Single(Fields(scope, 1))));
        return Fields(scope, 2)
            .Where(static metric => NameOf(metric) == "drover.queries")
            .SelectMany(static metric => Fields(metric, 7))
            .SelectMany(static sum => Fields(sum, 1))
            .SelectMany(static point => Fields(point, 4))
            .Sum(static value => (long)BinaryPrimitives.ReadDoubleLittleEndian(value));
    }

    private static string NameOf(byte[] metric) => Encoding.UTF8.GetString(Assert.Single(Fields(metric, 1)));

    /// <summary>The values of one field of a message: bytes as they are, numbers of fixed size little-endian.</summary>
    private static List<byte[]> Fields(ReadOnlySpan<byte> message, int wanted)
    {
        List<byte[]> values = [];
        while (!message.IsEmpty)
        {
            ulong tag = Varint(ref message);
            int length = (tag & 7) switch
            {
                0 => 0,
                1 => 8,
                2 => (int)Varint(ref message),
                5 => 4,
                _ => throw new InvalidDataException($"wire type {tag & 7}"),
            };
            if ((tag & 7) == 0)
            {
                Varint(ref message);
            }
            else if ((int)(tag >> 3) == wanted)
            {
                values.Add(message[..length].ToArray());
            }
            message = message[length..];
        }
        return values;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[0];
            message = message[1..];
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }
    }
}
