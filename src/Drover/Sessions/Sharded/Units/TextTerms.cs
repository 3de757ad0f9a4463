// What of a client's session decides how its texts are read.
using Drover.Pooling;

namespace Drover.Sessions.Sharded.Units;

/// <summary>Read again when the session's settings are others. One per session.</summary>
internal sealed class TextTerms(ClientSession session)
{
    private ParameterSet? _pathOf;
    private string _path = "";
    private ParameterSet? _reported;
    private bool _conforms = true;
    private bool _isUtf8 = true;

    /// <summary>Where names without a schema are looked for, with the user's own schema by its name.</summary>
    public string SearchPath
    {
        get
        {
            if (!ReferenceEquals(_pathOf, session.Settings) || _path.Length == 0)
            {
                string user = $"\"{session.Identity.User.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
                string path = session.Settings.TryFind("search_path", out string? set) ? set : "\"$user\", public";
                _path = path.Replace("\"$user\"", user, StringComparison.Ordinal);
                _pathOf = session.Settings;
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
