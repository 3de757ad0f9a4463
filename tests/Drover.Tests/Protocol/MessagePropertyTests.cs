// Properties of all messages: what is written reads back, and no cut makes a reader throw.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;
using FsCheck;
using FsCheck.Fluent;
using static Drover.Tests.Protocol.ProtocolSamples;

namespace Drover.Tests.Protocol;

public sealed class MessagePropertyTests
{
    private static readonly Config Quiet = Config.QuickThrowOnFailure.WithQuietOnSuccess(true);

    [Fact]
    public void Truncated_messages_never_throw()
    {
        foreach ((_, byte[] bytes) in All)
        {
            for (int cut = 0; cut < bytes.Length; cut++)
            {
                MessageParsing.ReadAsEverything(bytes.AsSpan(0, cut));
                MessageParsing.ReadAsEverything(bytes.AsSpan(Math.Min(MessageHeader.Size, cut), Math.Max(0, cut - 5)));
            }
        }
    }

    [Fact]
    public void Random_bodies_never_throw() =>
        Prop.ForAll((byte[] body) => MessageParsing.ReadAsEverything(body) >= long.MinValue).Check(Quiet);

    [Fact]
    public void Query_reads_back() =>
        Texts(
            (text, _) =>
            {
                byte[] body = Body(w => Query.Write(w, text));
                return Query.TryRead(body, out Query query) && query.Text.SequenceEqual(text);
            }
        );

    [Fact]
    public void Parameter_status_reads_back() =>
        Texts(
            (name, value) =>
            {
                byte[] body = Body(w => ParameterStatus.Write(w, name, value));
                return ParameterStatus.TryRead(body, out ParameterStatus status)
                    && status.Name.SequenceEqual(name)
                    && status.Value.SequenceEqual(value);
            }
        );

    [Fact]
    public void Notification_reads_back() =>
        Texts(
            (channel, payload) =>
            {
                byte[] body = Body(w => NotificationResponse.Write(w, 5, channel, payload));
                return NotificationResponse.TryRead(body, out NotificationResponse notification)
                    && notification.Channel.SequenceEqual(channel)
                    && notification.Payload.SequenceEqual(payload);
            }
        );

    [Fact]
    public void Startup_parameters_read_back() =>
        Texts(
            (name, value) =>
            {
                byte[] key = [(byte)'k', .. name];
                byte[] packet = Bytes(w =>
                {
                    Startup.Begin(w);
                    Startup.WriteParameter(w, key, value);
                    Startup.End(w);
                });
                return Startup.TryRead(packet.AsSpan(StartupHeader.Size), out Startup startup)
                    && startup.Find(key).SequenceEqual(value);
            }
        );

    [Fact]
    public void Parse_reads_back() =>
        Prop.ForAll(
                (byte[] name, byte[] text, uint[] types) =>
                {
                    byte[] statement = WithoutZeros(name);
                    byte[] sql = WithoutZeros(text);
                    byte[] body = Body(w => Parse.Write(w, statement, sql, types));
                    return Parse.TryRead(body, out Parse parse)
                        && parse.Name.SequenceEqual(statement)
                        && parse.Text.SequenceEqual(sql)
                        && parse.ParameterTypeCount == types.Length
                        && (types.Length == 0 || parse.ParameterType(types.Length - 1) == types[^1]);
                }
            )
            .Check(Quiet);

    [Fact]
    public void Values_read_back_in_Bind_and_in_DataRow() =>
        Prop.ForAll(
                (byte[][] values) =>
                {
                    byte[]?[] expected = [.. values.Select((value, i) => i % 3 == 2 ? null : value)];
                    byte[] bindBody = Body(w =>
                    {
                        Bind.Begin(w, "p"u8, "s"u8, [], expected.Length);
                        WriteValues(w, expected);
                        Bind.End(w);
                    });
                    byte[] rowBody = Body(w =>
                    {
                        DataRow.Begin(w, expected.Length);
                        WriteValues(w, expected);
                        w.End();
                    });
                    return Bind.TryRead(bindBody, out Bind bind)
                        && BindParameters.TryRead(bind.Remainder, out BindParameters parameters)
                        && AreEqual(parameters.Values, expected)
                        && DataRow.TryRead(rowBody, out ValueList row)
                        && AreEqual(row, expected);
                }
            )
            .Check(Quiet);

    private static void Texts(Func<byte[], byte[], bool> property) =>
        Prop.ForAll((byte[] first, byte[] second) => property(WithoutZeros(first), WithoutZeros(second))).Check(Quiet);

    private static byte[] WithoutZeros(byte[] bytes) => [.. bytes.Where(b => b != 0)];

    private static void WriteValues(MessageWriter writer, byte[]?[] values)
    {
        foreach (byte[]? value in values)
        {
            if (value is null)
            {
                writer.WriteNull();
            }
            else
            {
                writer.WriteValue(value);
            }
        }
    }

    private static bool AreEqual(ValueList values, byte[]?[] expected)
    {
        int i = 0;
        foreach (ValueList.Value value in values)
        {
            byte[]? wanted = expected[i++];
            if (value.IsNull != wanted is null || !value.Bytes.SequenceEqual(wanted))
            {
                return false;
            }
        }
        return i == expected.Length;
    }
}
