// Reads one line of a pg_hba-style file.
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Drover.Configuration.Authentication;

/// <summary>Reads one rule.</summary>
internal sealed class HbaLineParser(int number, Func<string, Task<string?>> readNames)
{
    /// <summary>How deep a file of names may name another.</summary>
    private const int NameFileDepthMax = 5;

    /// <summary>What is wrong with the rule; empty when it was read, and for a blank line.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>The rule; null for a blank line and for a broken one.</summary>
    public async Task<HbaRule?> ParseAsync(string line)
    {
        List<List<HbaToken>>? fields = HbaTokenizer.Cut(line, out string problem);
        Problem = problem;
        return fields is null or { Count: 0 } ? null : await ParseFieldsAsync(fields);
    }

    private async Task<HbaRule?> ParseFieldsAsync(List<List<HbaToken>> fields)
    {
        HbaConnectionKind? kind = ParseKind(fields[0][0].Text);
        if (kind is null)
        {
            return Fail($"'{fields[0][0].Text}' is none of local, host, hostssl, hostnossl");
        }
        int at = 3;
        HbaAddress? address = new HbaAddress.Any();
        if (fields.Count > 3 && kind != HbaConnectionKind.Local)
        {
            address = ParseAddress(fields, ref at);
        }
        if (address is null)
        {
            return null;
        }
        if (fields.Count <= at)
        {
            return Fail(
                kind == HbaConnectionKind.Local
                    ? "expected: local DATABASE USER METHOD"
                    : $"expected: {fields[0][0].Text} DATABASE USER ADDRESS METHOD"
            );
        }
        List<HbaToken>? databases = await ExpandAsync(fields[1], 0);
        List<HbaToken>? users = await ExpandAsync(fields[2], 0);
        HbaMethod? method = ParseMethod(fields[at][0].Text, kind.Value);
        if (databases is null || users is null || method is null || !NamesAreSupported(databases, users))
        {
            return null;
        }
        string? map = null;
        if (!ParseOptions(fields.Skip(at + 1), method.Value, ref map))
        {
            return null;
        }
        return new HbaRule
        {
            Line = number,
            Kind = kind.Value,
            Databases = databases,
            Users = users,
            Address = address,
            Method = method.Value,
            Map = map,
        };
    }

    private static HbaConnectionKind? ParseKind(string word) =>
        word switch
        {
            "local" => HbaConnectionKind.Local,
            "host" => HbaConnectionKind.Host,
            "hostssl" => HbaConnectionKind.HostSsl,
            "hostnossl" => HbaConnectionKind.HostNoSsl,
            _ => null,
        };

    private HbaMethod? ParseMethod(string word, HbaConnectionKind kind)
    {
        HbaMethod? method = word switch
        {
            "reject" => HbaMethod.Reject,
            "trust" => HbaMethod.Trust,
            "password" or "plain" => HbaMethod.Plain,
            "md5" => HbaMethod.Md5,
            "scram-sha-256" => HbaMethod.ScramSha256,
            "cert" => HbaMethod.Cert,
            "peer" => HbaMethod.Peer,
            _ => null,
        };
        if (method is null)
        {
            Fail($"the method '{word}' is none of reject, trust, password, md5, scram-sha-256, cert, peer");
        }
        else if (method == HbaMethod.Peer && kind != HbaConnectionKind.Local)
        {
            Fail("peer works on the Unix socket only: use it in a local rule");
            return null;
        }
        else if (method == HbaMethod.Cert && kind != HbaConnectionKind.HostSsl)
        {
            Fail("cert needs TLS: use it in a hostssl rule");
            return null;
        }
        return method;
    }

    private HbaAddress? ParseAddress(List<List<HbaToken>> fields, ref int at)
    {
        HbaToken token = fields[3][0];
        at = 4;
        if (token.Is("all"))
        {
            return new HbaAddress.Any();
        }
        if (token.Is("samehost"))
        {
            return new HbaAddress.SameHost();
        }
        string[] parts = token.Text.Split('/');
        if (!IPAddress.TryParse(parts[0], out IPAddress? address) || parts.Length > 2)
        {
            Fail(
                $"'{token.Text}' is no address: write all, samehost, ADDRESS/BITS or ADDRESS MASK; "
                    + "names are not supported"
            );
            return null;
        }
        int width = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (parts.Length == 2)
        {
            if (int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int bits) && bits <= width)
            {
                return new HbaAddress.Network(address, HbaAddress.Network.MaskOf(bits, address.AddressFamily));
            }
            Fail($"'/{parts[1]}' is no mask: write a number from 0 to {width}");
            return null;
        }
        if (
            fields.Count > 4
            && IPAddress.TryParse(fields[4][0].Text, out IPAddress? mask)
            && mask.AddressFamily == address.AddressFamily
        )
        {
            at = 5;
            return new HbaAddress.Network(address, mask);
        }
        Fail($"'{token.Text}' has no mask: write {token.Text}/{width} for this address alone");
        return null;
    }

    private bool ParseOptions(IEnumerable<List<HbaToken>> fields, HbaMethod method, ref string? map)
    {
        foreach (List<HbaToken> field in fields)
        {
            string[] parts = field[0].Text.Split('=', 2);
            if (parts is not ["map", { Length: > 0 } name] || method is not (HbaMethod.Cert or HbaMethod.Peer))
            {
                Fail($"the option '{parts[0]}' is not supported here: only map=, with cert and peer");
                return false;
            }
            map = name;
        }
        return true;
    }

    private bool NamesAreSupported(List<HbaToken> databases, List<HbaToken> users)
    {
        HbaToken group = databases.Find(token => token.Is("samerole") || token.Is("samegroup"));
        HbaToken pattern = users.Concat(databases).FirstOrDefault(t => !t.IsQuoted && t.Text?[0] is '+' or '/');
        string? unsupported = group.Text ?? pattern.Text;
        if (unsupported is not null)
        {
            Fail($"'{unsupported}' is not supported: the proxy does not know roles; list the names, or use @FILE");
        }
        return unsupported is null;
    }

    private async Task<List<HbaToken>?> ExpandAsync(List<HbaToken> tokens, int depth)
    {
        List<HbaToken> names = [];
        foreach (HbaToken token in tokens)
        {
            if (token.IsQuoted || !token.Text.StartsWith('@'))
            {
                names.Add(token);
                continue;
            }
            string? text = depth < NameFileDepthMax ? await readNames(token.Text[1..]) : null;
            if (text is null)
            {
                Fail($"cannot read the file of names '{token.Text[1..]}'");
                return null;
            }
            foreach (string line in text.Split('\n'))
            {
                List<List<HbaToken>>? fields = HbaTokenizer.Cut(line, out string problem);
                List<HbaToken>? inner = fields is null
                    ? null
                    : await ExpandAsync([.. fields.SelectMany(f => f)], depth + 1);
                if (inner is null)
                {
                    Fail(problem.Length > 0 ? $"{token.Text}: {problem}" : Problem);
                    return null;
                }
                names.AddRange(inner);
            }
        }
        return names;
    }

    private HbaRule? Fail(string problem)
    {
        Problem = problem;
        return null;
    }
}
