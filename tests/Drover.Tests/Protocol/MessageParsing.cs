// Reads a body as every kind of message at once, and walks all that can be walked.
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Protocol;

internal static class MessageParsing
{
    /// <summary>Gives a number that depends on everything read, so that nothing is optimised away.</summary>
    internal static long ReadAsEverything(ReadOnlySpan<byte> body) => ReadFrontend(body) + ReadBackend(body);

    private static long ReadFrontend(ReadOnlySpan<byte> body)
    {
        long sum = 0;
        if (Startup.TryRead(body, out Startup startup))
        {
            sum += startup.User.Length + startup.Database.Length;
            foreach (Startup.Parameter parameter in startup)
            {
                sum += parameter.Name.Length + parameter.Value.Length;
            }
        }
        sum += CancelRequest.TryRead(body, out CancelRequest cancel) ? cancel.Key.Length : 0;
        sum += PasswordMessage.TryRead(body, out PasswordMessage password) ? password.Password.Length : 0;
        sum += SaslInitialResponse.TryRead(body, out SaslInitialResponse sasl) ? sasl.Data.Length : 0;
        sum += Query.TryRead(body, out Query query) ? query.Text.Length : 0;
        if (Parse.TryRead(body, out Parse parse))
        {
            for (int i = 0; i < parse.ParameterTypeCount; i++)
            {
                sum += parse.ParameterType(i);
            }
        }
        if (Bind.TryRead(body, out Bind bind) && BindParameters.TryRead(bind.Remainder, out BindParameters values))
        {
            sum += Walk(values.Values, values.Formats) + values.ResultFormats[values.ResultFormats.Count];
        }
        sum += Describe.TryRead(body, out Describe describe) ? describe.Name.Length : 0;
        sum += Close.TryRead(body, out Close close) ? close.Name.Length : 0;
        sum += Execute.TryRead(body, out Execute execute) ? execute.RowsMax : 0;
        sum += FunctionCall.TryRead(body, out FunctionCall call) ? Walk(call.Arguments, call.Formats) : 0;
        sum += CopyFail.TryRead(body, out CopyFail fail) ? fail.Message.Length : 0;
        return sum + (Sync.TryRead(body) ? 1 : 0);
    }

    private static long ReadBackend(ReadOnlySpan<byte> body)
    {
        long sum = 0;
        if (AuthenticationRequest.TryRead(body, out AuthenticationRequest authentication))
        {
            sum += authentication.OffersMechanism("SCRAM-SHA-256"u8) ? 1 : authentication.Payload.Length;
        }
        sum += BackendKeyData.TryRead(body, out BackendKeyData key) ? key.Key.Length : 0;
        sum += ParameterStatus.TryRead(body, out ParameterStatus status) ? status.Value.Length : 0;
        sum += ReadyForQuery.TryRead(body, out TransactionStatus transaction) ? (byte)transaction : 0;
        if (ErrorResponse.TryRead(body, out DiagnosticFields fields))
        {
            sum += fields.Severity.Length + fields.Routine.Length + (fields.IsFatal ? 1 : 0);
        }
        if (NegotiateProtocolVersion.TryRead(body, out NegotiateProtocolVersion negotiate) && negotiate.OptionCount > 0)
        {
            sum += negotiate.Option(negotiate.OptionCount - 1).Length;
        }
        if (CopyResponse.TryRead(body, out CopyResponse copy) && copy.ColumnCount > 0)
        {
            sum += copy.ColumnFormat(copy.ColumnCount - 1);
        }
        if (RowDescription.TryRead(body, out RowDescription description))
        {
            int columns = 0;
            foreach (RowDescription.Column column in description)
            {
                sum += column.Name.Length + column.TypeOid;
                columns++;
            }
            Assert.Equal(description.ColumnCount, columns);
        }
        sum += DataRow.TryRead(body, out ValueList row) ? Walk(row, default) : 0;
        sum +=
            CommandComplete.TryRead(body, out CommandComplete complete) && complete.TryGetRows(out long rows)
                ? rows
                : 0;
        if (ParameterDescription.TryRead(body, out ParameterDescription types) && types.Count > 0)
        {
            sum += types.ParameterType(types.Count - 1);
        }
        sum += NotificationResponse.TryRead(body, out NotificationResponse notification)
            ? notification.Payload.Length
            : 0;
        return sum + (FunctionCallResponse.TryRead(body, out FunctionCallResponse result) ? result.Value.Length : 0);
    }

    private static long Walk(ValueList values, FormatCodes formats)
    {
        long sum = 0;
        int count = 0;
        foreach (ValueList.Value value in values)
        {
            sum += value.Bytes.Length + formats[count] + (value.IsNull ? 1 : 0);
            count++;
        }
        Assert.Equal(values.Count, count);
        return sum;
    }
}
