// Where a server connection stands; the names are PgBouncer's (bouncer.h), so SHOW output, metrics and code agree.
namespace Drover.Pooling.Servers;

internal enum ServerState
{
    /// <summary>Connecting or logging in; not in any list of servers to hand out.</summary>
    Login,

    /// <summary>In the pool, ready for the next client.</summary>
    Idle,

    /// <summary>Leased to a client.</summary>
    Active,

    /// <summary>Running the check query or the reset query before it goes back.</summary>
    Tested,

    /// <summary>Ended by its client, but a cancel request for it is still on its way.</summary>
    BeingCanceled,

    /// <summary>Closed; nothing may use it any more.</summary>
    Closed,
}
