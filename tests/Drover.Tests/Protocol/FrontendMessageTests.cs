// What a client sends: each message reads back as it was written, and what is inconsistent is refused.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Frontend;
using static Drover.Tests.Protocol.ProtocolSamples;

namespace Drover.Tests.Protocol;

public sealed class FrontendMessageTests
{
    [Fact]
    public void Startup_gives_its_parameters_and_the_database_defaults_to_the_user()
    {
        byte[] packet = Bytes(w =>
        {
            Startup.Begin(w);
            Startup.WriteParameter(w, "user"u8, "ada"u8);
            Startup.WriteParameter(w, "options"u8, "-c geqo=off"u8);
            Startup.WriteParameter(w, "options"u8, "-c geqo=on"u8);
            Startup.End(w);
        });
        Assert.True(Startup.TryRead(packet.AsSpan(StartupHeader.Size), out Startup startup));
        Assert.True(startup.HasUser);
        Assert.Equal("ada"u8, startup.User);
        Assert.Equal("ada"u8, startup.Database);
        Assert.Equal("-c geqo=on"u8, startup.Find("options"u8));
        Assert.True(startup.Find("replication"u8).IsEmpty);
        int count = 0;
        foreach (Startup.Parameter _ in startup)
        {
            count++;
        }
        Assert.Equal(3, count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("user\0ada\0")]
    [InlineData("user\0")]
    [InlineData("user\0\0")]
    [InlineData("user\0ada\0\0x")]
    [InlineData("user\0ada\0\0\0")]
    public void Startup_with_a_wrong_layout_is_refused(string body) => Assert.False(Startup.TryRead(Utf8(body), out _));

    [Theory]
    [InlineData("\0")]
    [InlineData("user\0\0\0")]
    [InlineData("database\0shop\0\0")]
    public void Startup_without_a_user_says_so(string body)
    {
        Assert.True(Startup.TryRead(Utf8(body), out Startup startup));
        Assert.False(startup.HasUser);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void Cancel_key_has_4_to_256_bytes(int length, bool accepted)
    {
        byte[] packet = Bytes(w => CancelRequest.Write(w, 7, new byte[length]));
        Assert.Equal(accepted, CancelRequest.TryRead(packet.AsSpan(StartupHeader.Size), out _));
    }

    [Fact]
    public void Parse_gives_name_text_and_types()
    {
        Assert.True(
            Parse.TryRead(Body(w => Parse.Write(w, "s"u8, "SELECT $1"u8, [23, 4_000_000_000])), out Parse parse)
        );
        Assert.Equal("s"u8, parse.Name);
        Assert.Equal("SELECT $1"u8, parse.Text);
        Assert.Equal(2, parse.ParameterTypeCount);
        Assert.Equal(4_000_000_000, parse.ParameterType(1));
    }

    [Fact]
    public void Parse_under_another_name_keeps_the_rest()
    {
        byte[] original = Body(w => Parse.Write(w, "s"u8, "SELECT $1"u8, [23]));
        byte[] renamed = Body(w =>
        {
            Parse.TryRead(original, out Parse parse);
            Parse.WriteRenamed(w, "drover_1"u8, parse.Text, parse.ParameterTypeBytes);
        });
        Assert.Equal(Body(w => Parse.Write(w, "drover_1"u8, "SELECT $1"u8, [23])), renamed);
    }

    [Fact]
    public void Bind_gives_values_and_formats()
    {
        Assert.True(Bind.TryRead(Body(WriteBind), out Bind bind));
        Assert.Equal("p1"u8, bind.Portal);
        Assert.Equal("s1"u8, bind.Statement);
        Assert.True(BindParameters.TryRead(bind.Remainder, out BindParameters parameters));
        Assert.Equal(2, parameters.Values.Count);
        Assert.Equal(FormatCodes.Binary, parameters.Formats[0]);
        Assert.Equal(FormatCodes.Text, parameters.Formats[1]);
        Assert.Equal(FormatCodes.Binary, parameters.ResultFormats[5]);
        ValueList.Enumerator values = parameters.Values.GetEnumerator();
        Assert.True(values.MoveNext());
        Assert.Equal("\0\0\0\x2a"u8, values.Current.Bytes);
        Assert.True(values.MoveNext());
        Assert.True(values.Current.IsNull);
        Assert.False(values.MoveNext());
    }

    [Fact]
    public void Bind_takes_65535_parameters()
    {
        byte[] body = Body(w =>
        {
            Bind.Begin(w, ""u8, ""u8, [], 65535);
            for (int i = 0; i < 65535; i++)
            {
                w.WriteNull();
            }
            Bind.End(w);
        });
        Assert.True(Bind.TryRead(body, out Bind bind));
        Assert.True(BindParameters.TryRead(bind.Remainder, out BindParameters parameters));
        Assert.Equal(65535, parameters.Values.Count);
    }

    [Fact]
    public void Bind_with_two_formats_for_three_values_is_refused()
    {
        byte[] body = Body(w =>
        {
            Bind.Begin(w, ""u8, ""u8, [0, 1], 3);
            w.WriteNull();
            w.WriteNull();
            w.WriteNull();
            Bind.End(w);
        });
        Assert.True(Bind.TryRead(body, out Bind bind));
        Assert.False(BindParameters.TryRead(bind.Remainder, out _));
    }

    [Theory]
    [InlineData(-2)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(5)]
    public void Value_longer_than_the_message_is_refused(int length)
    {
        byte[] remainder = Body(w =>
        {
            w.Begin(FrontendType.Bind);
            w.WriteUInt16(0);
            w.WriteUInt16(1);
            w.WriteInt32(length);
            w.WriteUInt16(0);
            w.End();
        });
        Assert.False(BindParameters.TryRead(remainder, out _));
    }

    [Theory]
    [InlineData("Ss1\0", true)]
    [InlineData("P\0", true)]
    [InlineData("Xs1\0", false)]
    [InlineData("S", false)]
    [InlineData("Ss1", false)]
    [InlineData("Ss1\0x", false)]
    public void Describe_and_Close_name_a_statement_or_a_portal(string body, bool accepted)
    {
        Assert.Equal(accepted, Describe.TryRead(Utf8(body), out _));
        Assert.Equal(accepted, Close.TryRead(Utf8(body), out _));
    }

    [Fact]
    public void Function_call_gives_its_arguments()
    {
        Assert.True(FunctionCall.TryRead(Body(WriteFunctionCall), out FunctionCall call));
        Assert.Equal(1598u, call.FunctionOid);
        Assert.Equal(2, call.Arguments.Count);
        Assert.Equal(FormatCodes.Binary, call.ResultFormat);
    }

    [Fact]
    public void Sasl_initial_response_may_have_no_data()
    {
        byte[] body = [.. "SCRAM-SHA-256\0"u8, 255, 255, 255, 255];
        Assert.True(SaslInitialResponse.TryRead(body, out SaslInitialResponse response));
        Assert.Equal("SCRAM-SHA-256"u8, response.Mechanism);
        Assert.True(response.Data.IsEmpty);
    }

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
