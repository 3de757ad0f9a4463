// drover tenant pin, unpin, list: keys with a shard of their own.
using System.CommandLine;
using System.Text.Json;
using Drover.Sharding;
using Drover.Sharding.Placing;

namespace Drover.App.Commands.Sharding;

/// <summary>The verbs of tenants.</summary>
internal static class TenantCommand
{
    private static readonly Argument<string> s_tenant = new("KEY") { Description = "The tenant's sharding key." };
    private static readonly Option<string> s_shard = new("--shard")
    {
        Description = "The shard's number or name.",
        Required = true,
    };
    private static readonly Option<string?> s_group = new("--group", "--colocation")
    {
        Description = "The colocation group, whose tables all have the tenant there; not needed where there is one.",
    };
    private static readonly Option<string?> s_table = new("--table")
    {
        Description = "A table of the colocation group, in place of its name.",
    };

    /// <summary>The command with its verbs.</summary>
    public static Command Create() =>
        new("tenant", "Where single tenants are.")
        {
            new Command("pin", "Gives a tenant a shard of its own, before its first row.")
            {
                s_tenant,
                s_shard,
                s_group,
                s_table,
            }.With(PinAsync),
            new Command("unpin", "Has a tenant without rows go where its slot is again.")
            {
                s_tenant,
                s_group,
                s_table,
            }.With(UnpinAsync),
            new Command("list", "Shows the tenants with a shard of their own.").With(ListAsync),
        };

    private static GroupChoice Choice(ParseResult parsed) => new(parsed.GetValue(s_group), parsed.GetValue(s_table));

    private static async Task PinAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (TenantPin pin, long epoch) = await service.Tenants.PinAsync(
            parsed.GetRequiredValue(s_tenant),
            parsed.GetRequiredValue(s_shard),
            Choice(parsed),
            cancellation
        );
        await SayAsync(
            parsed,
            pin,
            epoch,
            $"pinned in {pin.Group}: its rows go to shard {pin.Shard.Name} from epoch {epoch} on"
        );
    }

    private static async Task UnpinAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (TenantPin pin, long epoch) = await service.Tenants.UnpinAsync(
            parsed.GetRequiredValue(s_tenant),
            Choice(parsed),
            cancellation
        );
        await SayAsync(
            parsed,
            pin with
            {
                Shard = pin.BySlot,
            },
            epoch,
            $"not pinned in {pin.Group} any more: its rows go to shard {pin.BySlot.Name} from epoch {epoch} on"
        );
    }

    private static async Task ListAsync(ParseResult parsed, ShardingService service, CancellationToken cancellation)
    {
        (long epoch, TenantPin[] pins) = await service.Tenants.ListAsync(cancellation);
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("epoch", epoch);
                    json.WriteStartArray("pins");
                    foreach (TenantPin pin in pins)
                    {
                        json.WriteStartObject();
                        Write(json, pin);
                        json.WriteEndObject();
                    }
                    json.WriteEndArray();
                }
            );
            return;
        }
        ShardingInvocation.WriteTable(
            parsed,
            ["group", "key", "shard", "by its slot"],
            pins.Select(pin => (string[])[pin.Group, pin.Key, pin.Shard.Name, pin.BySlot.Name])
        );
    }

    private static async Task SayAsync(ParseResult parsed, TenantPin pin, long epoch, string text)
    {
        if (ShardingInvocation.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteNumber("epoch", epoch);
                    Write(json, pin);
                }
            );
            return;
        }
        await parsed.InvocationConfiguration.Output.WriteLineAsync(text);
    }

    private static void Write(Utf8JsonWriter json, TenantPin pin)
    {
        json.WriteString("group", pin.Group);
        json.WriteString("key", pin.Key);
        json.WriteString("shard", pin.Shard.Name);
        json.WriteString("by_slot", pin.BySlot.Name);
    }
}
