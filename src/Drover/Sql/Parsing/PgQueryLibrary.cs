// PostgreSQL's own parser as a shared library, libpg_query: found on the machine, loaded once, called by pointer.
using System.Runtime.InteropServices;
using System.Text;

namespace Drover.Sql.Parsing;

/// <summary>
/// The distribution's library and not one of ours: its soname has PostgreSQL's version in it, so it is looked for
/// and the newest is taken. Only parse is bound. The fingerprint merges statements that route differently, and
/// deparse can end the process on utility statements.
/// </summary>
internal sealed unsafe class PgQueryLibrary
{
    /// <summary>The first version whose trees are read: constants have another form before.</summary>
    public const int VersionMin = 150_000;

    private const string NamePrefix = "libpg_query.so";

    /// <summary>What to do about a missing library, in one sentence.</summary>
    public const string Remedy =
        "Install PostgreSQL's parser, then restart: apt-get install libpg-query1504.0 on Debian 12, elsewhere a newer "
        + "libpg-query.";

    private static readonly Lazy<PgQueryLibrary?> Found = new(Load);

    private readonly delegate* unmanaged[Cdecl]<byte*, ParseResult> _parse;
    private readonly delegate* unmanaged[Cdecl]<ParseResult, void> _free;

    private PgQueryLibrary(string path, nint handle)
    {
        Path = path;
        Handle = handle;
        _parse = (delegate* unmanaged[Cdecl]<byte*, ParseResult>)NativeLibrary.GetExport(handle, "pg_query_parse");
        _free = (delegate* unmanaged[Cdecl]<ParseResult, void>)
            NativeLibrary.GetExport(handle, "pg_query_free_parse_result");
    }

    /// <summary>The machine's library; null if it has none.</summary>
    public static PgQueryLibrary? Instance => Found.Value;

    /// <summary>The file that was loaded.</summary>
    public string Path { get; }

    /// <summary>For what only tests call.</summary>
    public nint Handle { get; }

    /// <summary>Parses on the calling thread, whose stack must be large enough for the statement.</summary>
    /// <param name="text">The statement with a zero behind it.</param>
    /// <param name="read">Reads the tree, which is gone when this returns.</param>
    /// <param name="error">PostgreSQL's message, if there is no tree.</param>
    public T? Parse<T>(ReadOnlySpan<byte> text, TreeReader<T> read, out string? error)
        where T : class
    {
        if (text.IsEmpty || text[^1] != 0)
        {
            throw new ArgumentException("The text needs a zero behind it.", nameof(text));
        }
        fixed (byte* start = text)
        {
            ParseResult result = _parse(start);
            try
            {
                error = result.Error is null
                    ? null
                    : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*result.Error));
                return error is null ? read(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(result.Tree)) : null;
            }
            finally
            {
                _free(result);
            }
        }
    }

    /// <summary>Reads a tree in JSON.</summary>
    public delegate T TreeReader<out T>(ReadOnlySpan<byte> json);

    /// <summary>The files that may be the library, newest version first.</summary>
    public static IEnumerable<string> Candidates(IEnumerable<string> folders) =>
        folders
            .Where(Directory.Exists)
            .SelectMany(static folder => Directory.EnumerateFiles(folder, NamePrefix + ".*"))
            .OrderByDescending(VersionOf, Comparer<int[]>.Create(Compare))
            .ThenBy(static path => path.Length)
            .ThenBy(static path => path, StringComparer.Ordinal);

    private static PgQueryLibrary? Load()
    {
        string triplet = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.Arm64 => "aarch64-linux-gnu",
            _ => "x86_64-linux-gnu",
        };
        string[] folders = [$"/usr/lib/{triplet}", "/usr/lib64", "/usr/lib", "/usr/local/lib"];
        // At last by the name that a development package has, wherever the loader looks.
        foreach (string path in Candidates(folders).Append(NamePrefix))
        {
            if (NativeLibrary.TryLoad(path, out nint handle))
            {
                return new PgQueryLibrary(path, handle);
            }
        }
        return null;
    }

    /// <summary>The numbers behind <c>.so</c>.</summary>
    private static int[] VersionOf(string path) =>
        [
            .. System
                .IO.Path.GetFileName(path)[NamePrefix.Length..]
                .Split('.', StringSplitOptions.RemoveEmptyEntries)
                .Select(static part => int.TryParse(part, out int number) ? number : 0),
        ];

    private static int Compare(int[]? one, int[]? other) => one.AsSpan().SequenceCompareTo(other.AsSpan());

    /// <summary>PgQueryParseResult of pg_query.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ParseResult
    {
        public readonly byte* Tree;
        public readonly byte* Warnings;

        /// <summary>PgQueryError, whose first member is the message.</summary>
        public readonly byte** Error;
    }
}
