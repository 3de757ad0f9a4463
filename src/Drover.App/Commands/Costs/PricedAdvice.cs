// Findings with what they save, where prices are known.
using Drover.Advice;
using Drover.Advice.Costs;
using Drover.Configuration;
using Drover.Configuration.Prices;
using Drover.Operations;

namespace Drover.App.Commands.Costs;

/// <summary>The prices of the server that findings are about.</summary>
internal sealed class PricedAdvice
{
    private readonly ServerPriceOptions? _price;
    private readonly string _currency = "";

    /// <summary>Prices that are known.</summary>
    public PricedAdvice(ServerPriceOptions price, string currency) => (_price, _currency) = (price, currency);

    private PricedAdvice(string problem) => Problem = problem;

    /// <summary>What is wrong with the file; null: nothing.</summary>
    public string? Problem { get; }

    /// <summary>Reads the prices of one server from a file.</summary>
    public static async Task<PricedAdvice> LoadAsync(string file, string? server, CancellationToken cancellation)
    {
        ConfigurationResult result = await ConfigurationLoader.LoadSettingsAsync(
            file,
            ConfigurationLoader.KindOf(file),
            cancellation
        );
        if (!result.IsValid)
        {
            return new PricedAdvice($"{result.Errors[0]}");
        }
        try
        {
            CostSource source = CostSource.Of(result.Options, server, "");
            return new PricedAdvice(source.Only, source.Currency);
        }
        catch (OperationException wrong)
        {
            return new PricedAdvice(wrong.Message);
        }
    }

    /// <summary>The inspection, with what its findings save.</summary>
    public Inspection With(Inspection inspection) =>
        inspection with
        {
            Recommendations = [.. inspection.Recommendations.Select(With)],
        };

    /// <summary>The finding, with what it saves a month; as it was where that is nothing that is paid for.</summary>
    public Recommendation With(Recommendation advice)
    {
        if (_price is null || advice.FreedBytes == 0)
        {
            return advice;
        }
        decimal saved = advice.FreedBytes / 1_000_000_000m * ServerBill.FreedGbMonth(_price);
        return advice with
        {
            Expected =
                saved > 0
                    ? $"{advice.Expected}; {CostText.Amount(saved)} {_currency} a month less"
                    : $"{advice.Expected}; no less to pay, since the space is paid for, used or not",
        };
    }
}
