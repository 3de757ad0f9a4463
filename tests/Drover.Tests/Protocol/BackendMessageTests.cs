// What a server sends: each message reads back as it was written, and what is inconsistent is refused.
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using static Drover.Tests.Protocol.ProtocolSamples;

namespace Drover.Tests.Protocol;

public sealed class BackendMessageTests
{
    [Fact]
    public void Sasl_request_lists_its_mechanisms()
    {
        byte[] body = Body(w => AuthenticationRequest.WriteSasl(w, "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"));
        Assert.True(AuthenticationRequest.TryRead(body, out AuthenticationRequest request));
        Assert.Equal(AuthenticationCode.Sasl, request.Code);
        Assert.True(request.OffersMechanism("SCRAM-SHA-256"u8));
        Assert.True(request.OffersMechanism("SCRAM-SHA-256-PLUS"u8));
        Assert.False(request.OffersMechanism("SCRAM-SHA"u8));
        Assert.False(request.OffersMechanism(""u8));
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void Md5_salt_has_four_bytes(int length, bool accepted)
    {
        byte[] body = Body(w => AuthenticationRequest.Write(w, AuthenticationCode.Md5Password, new byte[length]));
        Assert.Equal(accepted, AuthenticationRequest.TryRead(body, out _));
    }

    [Fact]
    public void Error_gives_its_fields()
    {
        byte[] body = Body(w =>
            ErrorResponse.Write(w, "FATAL", SqlState.CannotConnectNow, "starting", "detail", "hint", "routine")
        );
        Assert.True(ErrorResponse.TryRead(body, out DiagnosticFields error));
        Assert.Equal("FATAL"u8, error.Severity);
        Assert.Equal("57P03"u8, error.Code);
        Assert.Equal("starting"u8, error.Message);
        Assert.Equal("detail"u8, error.Detail);
        Assert.Equal("hint"u8, error.Hint);
        Assert.Equal("routine"u8, error.Routine);
        Assert.True(error.IsFatal);
        Assert.True(error.Find((byte)'P').IsEmpty);
    }

    [Fact]
    public void Severity_comes_from_the_field_that_is_never_translated()
    {
        Assert.True(ErrorResponse.TryRead("SFEHLER\0VERROR\0\0"u8, out DiagnosticFields error));
        Assert.Equal("ERROR"u8, error.Severity);
        Assert.True(ErrorResponse.TryRead("SERROR\0\0"u8, out DiagnosticFields old));
        Assert.Equal("ERROR"u8, old.Severity);
    }

    [Fact]
    public void Error_without_its_end_is_refused()
    {
        Assert.False(ErrorResponse.TryRead(""u8, out _));
        Assert.False(ErrorResponse.TryRead("SERROR\0"u8, out _));
        Assert.False(ErrorResponse.TryRead("SERROR"u8, out _));
        Assert.False(ErrorResponse.TryRead("SERROR\0\0x"u8, out _));
    }

    [Theory]
    [InlineData("I", true)]
    [InlineData("T", true)]
    [InlineData("E", true)]
    [InlineData("X", false)]
    [InlineData("", false)]
    [InlineData("II", false)]
    public void Ready_for_query_knows_three_states(string body, bool accepted) =>
        Assert.Equal(accepted, ReadyForQuery.TryRead(System.Text.Encoding.ASCII.GetBytes(body), out _));

    [Theory]
    [InlineData("SELECT 5", 5)]
    [InlineData("INSERT 0 9223372036854775807", long.MaxValue)]
    [InlineData("COPY 0", 0)]
    [InlineData("ROLLBACK", -1)]
    [InlineData("CREATE TABLE", -1)]
    [InlineData("SELECT 99999999999999999999", -1)]
    [InlineData("", -1)]
    public void Rows_are_read_from_the_tag(string tag, long expected)
    {
        Assert.True(CommandComplete.TryRead(Body(w => CommandComplete.Write(w, tag)), out CommandComplete complete));
        Assert.Equal(expected >= 0, complete.TryGetRows(out long rows));
        Assert.Equal(Math.Max(expected, 0), Math.Max(rows, 0));
    }

    [Fact]
    public void Row_description_gives_its_columns()
    {
        Assert.True(RowDescription.TryRead(Body(WriteRowDescription), out RowDescription description));
        Assert.Equal(2, description.ColumnCount);
        RowDescription.Enumerator columns = description.GetEnumerator();
        Assert.True(columns.MoveNext());
        Assert.Equal("id"u8, columns.Current.Name);
        Assert.Equal(20u, columns.Current.TypeOid);
        Assert.Equal(8, columns.Current.TypeLength);
        Assert.Equal(-1, columns.Current.TypeModifier);
        Assert.True(columns.MoveNext());
        Assert.Equal("status"u8, columns.Current.Name);
        Assert.Equal(FormatCodes.Binary, columns.Current.Format);
        Assert.False(columns.MoveNext());
    }

    [Fact]
    public void Null_and_empty_values_differ()
    {
        Assert.True(DataRow.TryRead(Body(WriteDataRow), out ValueList row));
        List<string> seen = [];
        foreach (ValueList.Value value in row)
        {
            seen.Add(value.IsNull ? "NULL" : $"{value.Bytes.Length} bytes");
        }
        Assert.Equal(["1 bytes", "NULL", "0 bytes"], seen);
    }

    [Fact]
    public void Negotiation_names_the_options_that_are_unknown()
    {
        Assert.True(NegotiateProtocolVersion.TryRead(Body(WriteNegotiate), out NegotiateProtocolVersion negotiate));
        Assert.Equal(StartupHeader.Protocol30, negotiate.Version);
        Assert.Equal("_pq_.b"u8, negotiate.Option(1));
    }

    [Fact]
    public void Count_of_options_is_not_believed() =>
        Assert.False(NegotiateProtocolVersion.TryRead([0, 3, 0, 0, 127, 255, 255, 255, 0], out _));

    [Fact]
    public void Copy_response_gives_its_formats()
    {
        Assert.True(CopyResponse.TryRead(Body(w => CopyResponse.WriteIn(w, true, 2)), out CopyResponse copy));
        Assert.True(copy.IsBinary);
        Assert.Equal(2, copy.ColumnCount);
        Assert.Equal(FormatCodes.Binary, copy.ColumnFormat(1));
        Assert.False(CopyResponse.TryRead([2, 0, 0], out _));
    }

    [Fact]
    public void Key_may_be_long_in_protocol_3_2()
    {
        Assert.True(
            BackendKeyData.TryRead(Body(w => BackendKeyData.Write(w, 9, new byte[32])), out BackendKeyData key)
        );
        Assert.Equal(9, key.ProcessId);
        Assert.Equal(32, key.Key.Length);
    }

    [Fact]
    public void Function_result_may_be_null()
    {
        Assert.True(
            FunctionCallResponse.TryRead(Body(FunctionCallResponse.WriteNull), out FunctionCallResponse result)
        );
        Assert.True(result.IsNull);
    }
}
