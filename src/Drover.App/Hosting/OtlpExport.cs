// Sends the meters to an OpenTelemetry collector; exists only when otlp_endpoint is set.
using Drover.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Drover.App.Hosting;

/// <summary>Exports on OpenTelemetry's own schedule (OTEL_METRIC_EXPORT_INTERVAL) until it is disposed.</summary>
internal sealed class OtlpExport : IDisposable
{
    private const int HttpPort = 4318;

    private readonly ProxyMeters _meters;
    private readonly MeterProvider _provider;

    /// <summary>Starts to export to <paramref name="endpoint"/>.</summary>
    /// <param name="endpoint">gRPC, unless the port is 4318 or a path is given: then HTTP with protobuf.</param>
    /// <param name="source">What is exported.</param>
    /// <param name="time">The clock.</param>
    /// <param name="version">Ours, for the resource.</param>
    public OtlpExport(Uri endpoint, ITelemetrySource source, TimeProvider time, string version)
    {
        _meters = new ProxyMeters(source, time, version);
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.AddService("drover", serviceVersion: version))
            .AddMeter(ProxyMeters.MeterName)
            .AddOtlpExporter(options =>
            {
                bool http = endpoint.Port == HttpPort || endpoint.AbsolutePath.Length > 1;
                options.Protocol = http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
                options.Endpoint =
                    http && endpoint.AbsolutePath.Length <= 1 ? new Uri(endpoint, "/v1/metrics") : endpoint;
            })
            .Build();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _meters.Dispose();
    }
}
