// Reads from the source every error that the proxy itself raises: its SQLSTATE and its message.
using Drover.Protocol;
using Drover.Tests.Tidy;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Drover.Tests.Documents;

internal static class ProxyErrors
{
    /// <summary>Types whose construction is an error that a client may be told.</summary>
    private static readonly string[] s_errors = ["SessionEnd", "PoolFailure"];

    /// <summary>What is known only at run time is <c>…</c>, as in the document.</summary>
    public static IEnumerable<(string SqlState, string Message)> In(SourceFile file)
    {
        foreach (SyntaxNode node in file.Syntax.DescendantNodes())
        {
            IEnumerable<ArgumentSyntax>? arguments = node switch
            {
                ObjectCreationExpressionSyntax made when s_errors.Contains(made.Type.ToString()) =>
                    made.ArgumentList?.Arguments,
                ImplicitObjectCreationExpressionSyntax made => made.ArgumentList.Arguments,
                InvocationExpressionSyntax call when call.Expression.ToString() == "ErrorResponse.Write" =>
                    call.ArgumentList.Arguments.Skip(2),
                InvocationExpressionSyntax call when call.Expression.ToString().EndsWith("Violation") =>
                [
                    SyntaxFactory.Argument(SyntaxFactory.ParseExpression("SqlState.ProtocolViolation")),
                    .. call.ArgumentList.Arguments,
                ],
                _ => null,
            };
            if (arguments is not null && Read([.. arguments.Select(argument => argument.Expression)]) is { } error)
            {
                yield return error;
            }
        }
    }

    private static (string SqlState, string Message)? Read(ExpressionSyntax[] arguments)
    {
        string? state = arguments.Select(SqlStateOf).FirstOrDefault(code => code is not null);
        string? message = arguments.Select(Text).FirstOrDefault(text => text is { Length: > 1 });
        return state is not null && message is not null ? (state, message) : null;
    }

    private static string? SqlStateOf(ExpressionSyntax expression) =>
        expression is MemberAccessExpressionSyntax access && access.Expression.ToString().EndsWith("SqlState")
            ? typeof(SqlState).GetField(access.Name.Identifier.Text)?.GetValue(null) as string
            : null;

    private static string? Text(ExpressionSyntax expression) =>
        expression switch
        {
            LiteralExpressionSyntax literal when literal.IsKind(SyntaxKind.StringLiteralExpression) => literal
                .Token
                .ValueText,
            InterpolatedStringExpressionSyntax text => string.Concat(
                text.Contents.Select(part =>
                    part is InterpolatedStringTextSyntax fixedText ? fixedText.TextToken.ValueText : "…"
                )
            ),
            BinaryExpressionSyntax sum when sum.IsKind(SyntaxKind.AddExpression) => Text(sum.Left) + Text(sum.Right),
            BinaryExpressionSyntax either when either.IsKind(SyntaxKind.CoalesceExpression) => Text(either.Right),
            _ => null,
        };
}
