// What of a client's session decides how its texts are read.
using Drover.Pooling;

namespace Drover.Sessions.Sharded.Units;

/// <summary>Read again when the session's settings are others. One per session.</summary>
internal sealed class TextTerms(ClientSession session)
{
    private ParameterSet? _pathOf;
    private string _path = "";
    private string? _local;
    private ParameterSet? _reported;
    private bool _conforms = true;
    private bool _isUtf8 = true;

    /// <summary>Where names without a schema are looked for, with the user's own schema by its name.</summary>
    public string SearchPath
    {
        get
        {
            // Of the transaction, once it has set it.
            string? local = session.Shards?.Branches.Opening.SearchPath;
            if (!ReferenceEquals(_pathOf, session.Settings) || !ReferenceEquals(_local, local) || _path.Length == 0)
            {
                string user = $"\"{session.Identity.User.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
                string path =
                    local
                    ?? (
                        session.Settings.TryFind("search_path", out string? set)
                            ? set
                            : Routing.Names.SearchPath.Default
                    );
                // Who has taken another role has that role's schema, which is not known here.
                bool isHimself =
                    !session.Settings.TryFind("role", out _)
                    && !session.Settings.TryFind("session_authorization", out _);
                _path = isHimself ? path.Replace("\"$user\"", user, StringComparison.Ordinal) : path;
                _pathOf = session.Settings;
                _local = local;
            }
            return _path;
        }
    }

    /// <summary>The session's standard_conforming_strings.</summary>
    public bool Conforms
    {
        get
        {
            ReadReported();
            return _conforms;
        }
    }

    /// <summary>Whether the client's bytes are the server's: keys are hashed as they come.</summary>
    public bool IsUtf8
    {
        get
        {
            ReadReported();
            return _isUtf8;
        }
    }

    private void ReadReported()
    {
        if (ReferenceEquals(_reported, session.Reported))
        {
            return;
        }
        _reported = session.Reported;
        _conforms = !_reported.TryFind("standard_conforming_strings", out string? strings) || strings == "on";
        // Without an encoding of its own a client speaks the server's, and all shards' is UTF-8.
        _isUtf8 = _reported.TryFind("client_encoding", out string? encoding) && encoding is "UTF8" or "SQL_ASCII";
    }
}
