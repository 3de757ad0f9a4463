// Where a client stands; the names are PgBouncer's (bouncer.h), so SHOW output, metrics and code agree.
namespace Drover.Sessions;

internal enum ClientState
{
    /// <summary>Not logged in yet: little memory, little time.</summary>
    Login,

    /// <summary>Logged in, holds no server.</summary>
    Idle,

    /// <summary>Holds a server.</summary>
    Active,

    /// <summary>In the queue for a server.</summary>
    Waiting,

    /// <summary>Gone.</summary>
    Closed,
}
