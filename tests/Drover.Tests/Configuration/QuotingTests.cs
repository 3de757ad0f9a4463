// What is written with quotes is read back as it was, whatever it holds.
using Drover.Configuration.Authentication;
using Drover.Configuration.Files;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Configuration;

public sealed class QuotingTests
{
    private static bool IsOneLine(string text) => !text.Contains('\n', StringComparison.Ordinal);

    [Fact]
    public void Value_of_a_connection_string_survives_quoting() =>
        Prop.ForAll<NonEmptyString>(value =>
            {
                string text = $"a=1 {ConnectionString.Format("k", value.Get)}  b=2";
                return ConnectionString.Parse(text, out _)?.SequenceEqual([("a", "1"), ("k", value.Get), ("b", "2")])
                    == true;
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Any_text_is_a_connection_string_or_a_problem() =>
        Prop.ForAll<string?>(text =>
                ConnectionString.Parse(text ?? "", out string problem) is null == (problem.Length > 0)
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Key_of_an_ini_line_survives_quoting() =>
        Prop.ForAll<NonEmptyString>(key =>
            {
                IniLine line = IniLine.Parse($"{IniLine.FormatKey(key.Get)} = v");
                return !IsOneLine(key.Get) || line == new IniLine(IniLineKind.Pair, key.Get, "v");
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void User_and_secret_survive_the_user_list() =>
        Prop.ForAll<NonNull<string>, NonNull<string>>(
                (name, secret) =>
                {
                    string line = UserList.FormatLine(name.Get, secret.Get) + " \"the rest\" is left out";
                    return !IsOneLine(line)
                        || UserList
                            .Parse(line, (_, _) => { })
                            .All.SequenceEqual([new UserListEntry(name.Get, secret.Get)]);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Toml_string_survives_quoting() =>
        Prop.ForAll<NonNull<string>>(text =>
            {
                string document = "k = " + TomlValue.Quote(text.Get);
                Tomlyn.Syntax.DocumentSyntax parsed = Tomlyn.Parsing.SyntaxParser.Parse(document, "t", true);
                return HasLoneSurrogate(text.Get)
                    || parsed.KeyValues.First().Value is Tomlyn.Syntax.StringValueSyntax { Value: var value }
                        && value == text.Get;
            })
            .QuickCheckThrowOnFailure();

    private static bool HasLoneSurrogate(string text) =>
        text.EnumerateRunes().Any(rune => rune == System.Text.Rune.ReplacementChar);
}
