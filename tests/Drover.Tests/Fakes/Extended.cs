// Extended-protocol messages, written as shortly as a test can say them.
using System.Text;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Fakes;

internal static class Extended
{
    public static MessageWriter Parse(this MessageWriter writer, string name, string sql)
    {
        Drover.Protocol.Messages.Frontend.Parse.Write(
            writer,
            Encoding.UTF8.GetBytes(name),
            Encoding.UTF8.GetBytes(sql)
        );
        return writer;
    }

    public static MessageWriter Bind(this MessageWriter writer, string portal, string statement, string value = "")
    {
        bool hasValue = value.Length > 0;
        Drover.Protocol.Messages.Frontend.Bind.Begin(
            writer,
            Encoding.UTF8.GetBytes(portal),
            Encoding.UTF8.GetBytes(statement),
            [],
            hasValue ? 1 : 0
        );
        if (hasValue)
        {
            writer.WriteValue(Encoding.UTF8.GetBytes(value));
        }
        Drover.Protocol.Messages.Frontend.Bind.End(writer);
        return writer;
    }

    public static MessageWriter DescribeStatement(this MessageWriter writer, string name)
    {
        Describe.Write(writer, DescribedKind.Statement, Encoding.UTF8.GetBytes(name));
        return writer;
    }

    public static MessageWriter DescribePortal(this MessageWriter writer, string name)
    {
        Describe.Write(writer, DescribedKind.Portal, Encoding.UTF8.GetBytes(name));
        return writer;
    }

    public static MessageWriter CloseStatement(this MessageWriter writer, string name)
    {
        Close.Write(writer, DescribedKind.Statement, Encoding.UTF8.GetBytes(name));
        return writer;
    }

    public static MessageWriter Execute(this MessageWriter writer, string portal, int rowsMax = 0)
    {
        Drover.Protocol.Messages.Frontend.Execute.Write(writer, Encoding.UTF8.GetBytes(portal), rowsMax);
        return writer;
    }

    public static MessageWriter Sync(this MessageWriter writer)
    {
        Drover.Protocol.Messages.Frontend.Sync.Write(writer);
        return writer;
    }

    public static MessageWriter Flush(this MessageWriter writer)
    {
        Drover.Protocol.Messages.Frontend.Flush.Write(writer);
        return writer;
    }

    public static MessageWriter SimpleQuery(this MessageWriter writer, string sql)
    {
        Query.Write(writer, sql);
        return writer;
    }

    public static MessageWriter CopyData(this MessageWriter writer, string data)
    {
        Drover.Protocol.Messages.CopyData.Write(writer, Encoding.UTF8.GetBytes(data));
        return writer;
    }

    public static MessageWriter CopyDone(this MessageWriter writer)
    {
        Drover.Protocol.Messages.CopyDone.Write(writer);
        return writer;
    }
}
