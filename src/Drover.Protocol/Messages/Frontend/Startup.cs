// StartupMessage: who the client is, which database it wants, and its settings.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>
/// StartupMessage, see https://www.postgresql.org/docs/18/protocol-message-formats.html.
/// Where a name comes twice the last one counts, as in PostgreSQL.
/// </summary>
public readonly ref struct Startup
{
    private readonly ReadOnlySpan<byte> _parameters;

    private Startup(ReadOnlySpan<byte> parameters) => _parameters = parameters;

    /// <summary>
    /// The user; empty if none was given, which PostgreSQL refuses with 28000: see <see cref="HasUser"/>.
    /// </summary>
    public ReadOnlySpan<byte> User => Find("user"u8);

    /// <summary>Whether there is a user; a session cannot begin without one.</summary>
    public bool HasUser => !User.IsEmpty;

    /// <summary>The database; the user's name if none was given.</summary>
    public ReadOnlySpan<byte> Database
    {
        get
        {
            ReadOnlySpan<byte> database = Find("database"u8);
            return database.IsEmpty ? User : database;
        }
    }

    /// <summary>The value of a parameter; empty if it was not given.</summary>
    public ReadOnlySpan<byte> Find(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> found = default;
        foreach (Parameter parameter in this)
        {
            found = parameter.Name.SequenceEqual(name) ? parameter.Value : found;
        }
        return found;
    }

    /// <summary>Walks all parameters in their order, user and database included.</summary>
    public Enumerator GetEnumerator() => new(_parameters);

    /// <summary>
    /// Reads what follows the <see cref="StartupHeader"/>. False if the layout is wrong: a string without its end, a
    /// name without a value, anything but one zero byte after the last pair.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Startup message)
    {
        message = default;
        MessageReader reader = new(body);
        while (reader.TryReadCString(out ReadOnlySpan<byte> name))
        {
            if (name.IsEmpty)
            {
                message = new Startup(body[..^1]);
                return reader.AtEnd;
            }
            if (!reader.TryReadCString(out _))
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>
    /// Begins the message: <see cref="WriteParameter(MessageWriter, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/> for each
    /// parameter and <see cref="End"/> follow.
    /// </summary>
    public static void Begin(MessageWriter writer, int protocol = StartupHeader.Protocol30)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.BeginUntyped();
        writer.WriteInt32(protocol);
    }

    /// <summary>Writes a parameter.</summary>
    public static void WriteParameter(MessageWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteCString(name);
        writer.WriteCString(value);
    }

    /// <summary>Ends the message.</summary>
    public static void End(MessageWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteByte(0);
        writer.End();
    }

    /// <summary>Writes a whole message with the parameters that most clients send.</summary>
    public static void Write(
        MessageWriter writer,
        string user,
        string database,
        int protocol = StartupHeader.Protocol30
    )
    {
        Begin(writer, protocol);
        writer.WriteCString("user"u8);
        writer.WriteCString(user);
        writer.WriteCString("database"u8);
        writer.WriteCString(database);
        End(writer);
    }

    /// <summary>A name and its value.</summary>
    public readonly ref struct Parameter(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        /// <summary>The parameter's name.</summary>
        public ReadOnlySpan<byte> Name { get; } = name;

        /// <summary>The parameter's value.</summary>
        public ReadOnlySpan<byte> Value { get; } = value;
    }

    /// <summary>Walks the parameters.</summary>
    public ref struct Enumerator
    {
        private MessageReader _reader;

        internal Enumerator(ReadOnlySpan<byte> parameters) => _reader = new MessageReader(parameters);

        /// <summary>The parameter under the cursor.</summary>
        public Parameter Current { get; private set; }

        /// <summary>Goes to the next parameter.</summary>
        public bool MoveNext()
        {
            if (!_reader.TryReadCString(out var name) || !_reader.TryReadCString(out var value))
            {
                return false;
            }
            Current = new Parameter(name, value);
            return true;
        }
    }
}
