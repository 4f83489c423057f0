using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>
/// The settings of a chat completion. What a request leaves out is the model's own default, temperature and top_p included, where Ollama would force 1.
/// Ollama's <c>options</c>, <c>keep_alive</c> and <c>think</c>, which reach this API through clients' extra fields, are honoured; OpenAI's fields go over them.
/// </summary>
internal sealed record CompletionSettings
{
    /// <summary>Sampling, limits and stop texts.</summary>
    public required GenerationOptions Options { get; init; }

    /// <summary>Event by event, or as one object (the default).</summary>
    public required bool Stream { get; init; }

    /// <summary>Whether a stream ends with an event that carries the usage.</summary>
    public required bool IncludeUsage { get; init; }

    /// <summary>Whether to think; null leaves it to the model.</summary>
    public required bool? Think { get; init; }

    /// <summary>Tool definitions.</summary>
    public required IReadOnlyList<JsonObject> Tools { get; init; }

    /// <summary>Whether log-probabilities are reported.</summary>
    public required bool LogProbabilities { get; init; }

    private int TopLogProbabilities { get; init; }

    private IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Reads a request.</summary>
    /// <exception cref="RequestException">400: a field is wrong, or asks for what cannot be had.</exception>
    public static CompletionSettings Read(JsonFields body, ServedModel model)
    {
        if (body.Int32("n") is { } count and not 1)
        {
            throw RequestException.BadRequest($"n must be 1, not {count}: send one request for each answer");
        }
        RefuseResponseFormat(body);
        return new CompletionSettings
        {
            Options = OptionsOf(body, GenerationOptions.Of(model).With(body.Object("options"))),
            Stream = body.Boolean("stream") ?? false,
            IncludeUsage = body.Object("stream_options")?.Boolean("include_usage") ?? false,
            Think = ThinkOf(body) ?? RequestFields.Think(body),
            Tools = body.Any("tool_choice") is { ValueKind: JsonValueKind.String } choice && choice.ValueEquals("none") ? [] : body.Nodes("tools"),
            LogProbabilities = body.Boolean("logprobs") ?? false,
            TopLogProbabilities = RequestFields.TopLogProbabilities(body),
            LogitBias = LogitBiasOf(body),
        };
    }

    /// <summary>The request with these settings, for a loaded model.</summary>
    public GenerationRequest ApplyTo(GenerationRequest request, ITextEngine engine)
    {
        GenerationRequest applied = Options.ApplyTo(request, engine);
        return applied with
        {
            Tools = Tools,
            Sampling = applied.Sampling with { LogitBias = LogitBias },
            LogProbabilities = LogProbabilities,
            TopLogProbabilities = LogProbabilities ? TopLogProbabilities : 0,
        };
    }

    private static GenerationOptions OptionsOf(JsonFields body, GenerationOptions options) => options with
    {
        NumPredict = body.Int32("max_completion_tokens") ?? body.Int32("max_tokens") ?? options.NumPredict,
        Stop = body.Any("stop") is { ValueKind: JsonValueKind.String } stop ? [JsonText.Of(stop)] : body.Strings("stop") ?? options.Stop,
        Sampling = options.Sampling with
        {
            Seed = body.Int64("seed") ?? options.Sampling.Seed,
            Temperature = body.Single("temperature") ?? options.Sampling.Temperature,
            TopP = body.Single("top_p") ?? options.Sampling.TopP,
            FrequencyPenalty = body.Single("frequency_penalty") ?? options.Sampling.FrequencyPenalty,
            PresencePenalty = body.Single("presence_penalty") ?? options.Sampling.PresencePenalty,
        },
    };

    private static bool? ThinkOf(JsonFields body) => (body.String("reasoning_effort") ?? body.Object("reasoning")?.String("effort")) switch
    {
        null or "" => null,
        "none" => false,
        "minimal" or "low" or "medium" or "high" or "max" or "xhigh" or "ultra" => true,
        { } other => throw RequestException.BadRequest($"invalid reasoning effort '{other}': it must be none, minimal, low, medium, high or max"),
    };

    private static void RefuseResponseFormat(JsonFields body)
    {
        switch (body.Object("response_format")?.String("type"))
        {
            case null or "text":
                return;
            case "json_object" or "json_schema":
                throw RequestFields.StructuredOutput("response_format");
            case { } other:
                throw RequestException.BadRequest($"invalid response_format type '{other}': it must be text, json_object or json_schema");
        }
    }

    private static Dictionary<int, float> LogitBiasOf(JsonFields body)
    {
        Dictionary<int, float> biases = [];
        if (body.Object("logit_bias") is not { } fields)
        {
            return biases;
        }
        foreach (JsonProperty bias in fields.Element.EnumerateObject())
        {
            bool valid = JsonText.TryNameOf(bias, out string name)
                & int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int token);
            biases[token] = valid && fields.Single(name) is { } value
                ? value
                : throw RequestException.BadRequest("logit_bias must map token ids, which are whole numbers, to numbers");
        }
        return biases;
    }
}
