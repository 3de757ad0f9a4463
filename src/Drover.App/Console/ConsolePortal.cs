// A bound command of the extended protocol, and the rows that the client has not fetched yet.
using System.Buffers.Binary;
using Drover.Administration;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;

namespace Drover.App.Console;

/// <summary>A portal.</summary>
internal sealed class ConsolePortal
{
    private const int LengthMax = 64 * 1024 * 1024;

    /// <summary>Binds a command.</summary>
    /// <param name="command">Null: the text was empty.</param>
    /// <param name="table">What it shows; null: nothing.</param>
    /// <param name="formats">The format of each column.</param>
    public ConsolePortal(ConsoleCommand? command, ShowTable? table, short[] formats)
    {
        Command = command;
        Table = table;
        Formats = formats;
    }

    /// <summary>The command.</summary>
    public ConsoleCommand? Command { get; }

    /// <summary>What it shows.</summary>
    public ShowTable? Table { get; }

    /// <summary>Text or binary for each column.</summary>
    public short[] Formats { get; }

    /// <summary>DataRow messages that are still to be fetched; null: it has not run.</summary>
    public ReadOnlyMemory<byte>? Rest { get; private set; }

    /// <summary>
    /// Writes at most <paramref name="rowsMax"/> rows (0: all) and PortalSuspended or CommandComplete. The rows are all
    /// made at the first call, so that what a client fetches in pieces is one picture.
    /// </summary>
    public AdministrationResult WriteRows(
        int rowsMax,
        Func<MessageWriter, AdministrationResult> makeRows,
        MessageWriter output
    )
    {
        if (Rest is null)
        {
            using MessageWriter rows = new(LengthMax);
            AdministrationResult made = makeRows(rows);
            if (!made.Succeeded)
            {
                return made;
            }
            Rest = rows.Written.ToArray();
        }
        ReadOnlyMemory<byte> rest = Rest.Value;
        int end = 0;
        for (int count = 0; end < rest.Length && (rowsMax <= 0 || count < rowsMax); count++)
        {
            end += 1 + BinaryPrimitives.ReadInt32BigEndian(rest.Span[(end + 1)..]);
        }
        output.WriteBytes(rest.Span[..end]);
        Rest = rest[end..];
        if (end < rest.Length)
        {
            PortalSuspended.Write(output);
        }
        else
        {
            CommandComplete.Write(output, "SHOW");
        }
        return AdministrationResult.Ok;
    }
}
