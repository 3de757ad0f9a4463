// What a client asks for in its start-up packet, command-line switches included.
using System.Text;
using Drover.Configuration;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Sessions;
using Drover.Sessions.Login;

namespace Drover.Tests.Sessions;

public sealed class StartupOptionsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("-c work_mem=1MB", "work_mem=1MB")]
    [InlineData("-cwork_mem=1MB", "work_mem=1MB")]
    [InlineData("--work-mem=1MB", "work_mem=1MB")]
    [InlineData("  -c a=1 \t--b-c=2\n-c d=3  ", "a=1|b_c=2|d=3")]
    [InlineData("-c search_path=a,\\ b", "search_path=a, b")]
    [InlineData("-c a=x\\\\y", "a=x\\y")]
    [InlineData("-c a=x\\", "a=x")]
    [InlineData("-c a=", "a=")]
    [InlineData("-c a=b=c", "a=b=c")]
    [InlineData("-c a=x\u00a0y", "a=x\u00a0y")]
    public void Switches_are_read_as_postgresql_reads_them(string text, string settings)
    {
        List<KeyValuePair<string, string>> read = [];
        Assert.True(StartupOptions.TryRead(text, read, out _));
        Assert.Equal(settings, string.Join('|', read.Select(static s => $"{s.Key}={s.Value}")));
    }

    [Theory]
    [InlineData("-c", "requires a value")]
    [InlineData("-c work_mem", "requires a value")]
    [InlineData("--", "requires a value")]
    [InlineData("--=1", "requires a value")]
    [InlineData("-S 1024", "unsupported switch \"-S\"")]
    [InlineData("work_mem=1", "unsupported switch \"work_mem=1\"")]
    public void Switch_that_cannot_be_honoured_is_named(string text, string problem)
    {
        Assert.False(StartupOptions.TryRead(text, [], out string told));
        Assert.Contains(problem, told, StringComparison.Ordinal);
    }

    /// <summary>PostgreSQL applies options first, wherever they stand in the packet.</summary>
    [Fact]
    public void Parameter_of_the_packet_holds_over_the_same_one_in_options()
    {
        StartupPacket packet = Read(
            ("user", "u"),
            ("application_name", "mine"),
            ("options", "-c application_name=other -c work_mem=1MB")
        );
        Assert.True(packet.Parameters.TryFind("application_name", out string? name));
        Assert.Equal("mine", name);
        Assert.True(packet.Parameters.TryFind("work_mem", out _));
    }

    [Fact]
    public void Ignored_parameter_is_ignored_in_options_too()
    {
        ProxyOptions options = new() { Session = new SessionOptions { IgnoreStartupParameters = ["Extra_Float"] } };
        StartupPacket packet = Read(
            options,
            ("user", "u"),
            ("extra_float", "1"),
            ("options", "-c extra_float=2 -c work_mem=1MB")
        );
        Assert.Equal("work_mem", packet.Parameters.ToString());
    }

    [Fact]
    public void Database_is_the_user_unless_given()
    {
        Assert.Equal("u", Read(("user", "u")).Database);
        Assert.Equal("d", Read(("user", "u"), ("database", "d")).Database);
    }

    [Fact]
    public void Packet_without_a_user_is_refused()
    {
        Assert.Null(TryRead(new ProxyOptions(), [("database", "d")], 3, out SessionEnd? refusal));
        Assert.Equal("28000", refusal?.SqlState);
    }

    [Fact]
    public void Protocol_two_is_refused()
    {
        Assert.Null(TryRead(new ProxyOptions(), [("user", "u")], 2, out SessionEnd? refusal));
        Assert.Equal("0A000", refusal?.SqlState);
    }

    [Fact]
    public void Unknown_protocol_options_are_negotiated_away()
    {
        StartupPacket packet = Read(("user", "u"), ("_pq_.new", "1"));
        Assert.True(packet.NeedsNegotiation);
        Assert.Equal(["_pq_.new"], packet.UnknownOptions);
        Assert.True(packet.Parameters.IsEmpty);
    }

    private static StartupPacket Read(params (string, string)[] parameters) => Read(new ProxyOptions(), parameters);

    private static StartupPacket Read(ProxyOptions options, params (string, string)[] parameters)
    {
        StartupPacket? packet = TryRead(options, parameters, 3, out SessionEnd? refusal);
        Assert.Null(refusal);
        return packet!;
    }

    private static StartupPacket? TryRead(
        ProxyOptions options,
        (string Name, string Value)[] parameters,
        byte major,
        out SessionEnd? refusal
    )
    {
        using MessageWriter writer = new(4096);
        Startup.Begin(writer);
        foreach ((string name, string value) in parameters)
        {
            Startup.WriteParameter(writer, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }
        Startup.End(writer);
        byte[] bytes = writer.Written.ToArray();
        bytes[5] = major;
        Assert.Equal(FrameStatus.Complete, StartupHeader.TryRead(bytes, out StartupHeader header));
        return StartupPacket.Read(header, bytes.AsSpan(StartupHeader.Size), options, out refusal);
    }
}
