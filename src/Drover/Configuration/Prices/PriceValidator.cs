// What must hold for prices.
namespace Drover.Configuration.Prices;

/// <summary>Checks [prices.servers.NAME] of a draft.</summary>
internal static class PriceValidator
{
    /// <summary>Adds an error for everything that does not fit together.</summary>
    public static void Check(ConfigurationDraft draft)
    {
        foreach (ServerPriceOptions server in draft.ToOptions().ServerPrices)
        {
            SourcePlace place = draft.PlaceOf("prices.servers." + server.Name);
            bool hasPrice =
                (server.InstanceMonth ?? server.StorageGbMonth ?? server.IopsMonth ?? server.IoMillion).HasValue
                || server.BackupGbMonth.HasValue;
            if (!hasPrice)
            {
                draft.Error(place, $"server '{server.Name}' has no price: set instance_month or another one");
            }
            Needs(server.IopsMonth, server.Iops, "iops_month", "iops");
            Needs(server.StorageGb, server.StorageGbMonth, "storage_gb", "storage_gb_month");
            Needs(server.Iops, server.IopsMonth, "iops", "iops_month");
            Needs(server.BackupGb, server.BackupGbMonth, "backup_gb", "backup_gb_month");

            void Needs(decimal? given, decimal? needed, string name, string other)
            {
                if (given.HasValue && !needed.HasValue)
                {
                    draft.Error(place, $"server '{server.Name}' has {name} without {other}: set both or neither");
                }
            }
        }
    }
}
