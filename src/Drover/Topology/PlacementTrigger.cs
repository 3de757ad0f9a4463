// The trigger by which a shard refuses keys that are placed on another one.
namespace Drover.Topology;

/// <summary>What is known of it where it is not made: it is Drover's, and not a part of the user's schema.</summary>
public static class PlacementTrigger
{
    /// <summary>
    /// Its name, the same on every table. By it the trigger fires before those of foreign keys, whose error would not
    /// tell the reason.
    /// </summary>
    public const string Name = "Drover_placement";
}
