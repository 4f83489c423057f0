using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary>Request fields that several endpoints share and that are more than a plain JSON type.</summary>
internal static class RequestFields
{
    /// <summary>Most alternatives that may be asked for with each token.</summary>
    private const int MaxTopLogProbabilities = 20;

    /// <summary>
    /// <c>keep_alive</c>: a number is seconds, a string is a Go duration, either negative means forever. Null if absent.
    /// </summary>
    public static KeepAlive? KeepAlive(JsonFields body)
    {
        switch (body.Any("keep_alive"))
        {
            case null:
                return null;
            case { ValueKind: JsonValueKind.Number } number:
                return Residency.KeepAlive.For(GoDuration.FromSeconds(number.GetDouble()));
            case { ValueKind: JsonValueKind.String } text:
                string written = JsonText.Of(text);
                return GoDuration.TryParse(written, out TimeSpan duration)
                    ? Residency.KeepAlive.For(duration)
                    : throw RequestException.BadRequest(
                        $"keep_alive \"{written}\" is not a duration: write a number of seconds, or a string with a unit such as \"10m\"");
            default:
                throw body.WrongKind("keep_alive", "a number of seconds or a duration such as \"10m\"");
        }
    }

    /// <summary><c>think</c>: a truth value, or a level, which means yes. Null if absent.</summary>
    public static bool? Think(JsonFields body) => body.Any("think") switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.String } level when JsonText.Of(level) is "low" or "medium" or "high" or "max" => true,
        { ValueKind: JsonValueKind.String } level => throw RequestException.BadRequest(
            $"invalid think value: \"{JsonText.Of(level)}\" (must be \"high\", \"medium\", \"low\", \"max\", true, or false)"),
        _ => throw body.WrongKind("think", "a boolean or a level"),
    };

    /// <summary>
    /// What a wish to think comes to: asking a model that does not think to think is an error, asking it not to is fine; models that can
    /// think do so unless told otherwise.
    /// </summary>
    public static bool? ThinkOrRefuse(bool? think, string modelName, ModelCapabilities capabilities)
    {
        if (capabilities.HasFlag(ModelCapabilities.Thinking))
        {
            return think ?? true;
        }
        return think != true ? think : throw RequestException.BadRequest($"\"{modelName}\" does not support thinking");
    }

    /// <summary><c>format</c>: nothing but free text can be had so far.</summary>
    public static void RefuseFormat(JsonFields body)
    {
        switch (body.Any("format"))
        {
            case null:
            case { ValueKind: JsonValueKind.String } none when none.ValueEquals(""):
                return;
            case { ValueKind: JsonValueKind.String } json when json.ValueEquals("json"):
            case { ValueKind: JsonValueKind.Object }:
                throw StructuredOutput("format");
            case { } other:
                throw RequestException.BadRequest(
                    $"invalid format: {other.GetRawText()}; expected \"json\" or a valid JSON Schema object");
        }
    }

    /// <summary>The refusal of constrained answers.</summary>
    public static RequestException StructuredOutput(string field) =>
        RequestException.BadRequest($"this version of LocalLlm does not support structured output: leave {field} out");

    /// <summary><c>images</c> of a message or prompt: no model served here sees.</summary>
    public static void RefuseImages(JsonFields fields)
    {
        if (fields.Items("images").Count > 0)
        {
            throw Images();
        }
    }

    /// <summary>The refusal of images.</summary>
    public static RequestException Images() => RequestException.BadRequest("this model does not support images");

    /// <summary><c>top_logprobs</c>, 0 to 20.</summary>
    public static int TopLogProbabilities(JsonFields body) =>
        body.Int32("top_logprobs") is not { } count ? 0
        : count is >= 0 and <= MaxTopLogProbabilities ? count
        : throw RequestException.BadRequest($"top_logprobs must be between 0 and {MaxTopLogProbabilities}");
}
