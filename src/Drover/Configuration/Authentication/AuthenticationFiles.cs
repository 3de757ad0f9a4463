// The files that say who may log in, as they were when the configuration was loaded.
namespace Drover.Configuration.Authentication;

/// <summary>User list, rules and user name maps.</summary>
internal sealed record AuthenticationFiles
{
    /// <summary>The users of <c>auth_file</c>.</summary>
    public UserList Users { get; init; } = UserList.Empty;

    /// <summary>The rules of <c>auth_hba_file</c>; null when auth_type is not hba.</summary>
    public HbaRules? Rules { get; init; }

    /// <summary>The maps of <c>auth_ident_file</c>.</summary>
    public IdentMap IdentMap { get; init; } = IdentMap.Empty;
}
