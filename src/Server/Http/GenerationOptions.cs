using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Sampling;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http;

/// <summary>
/// The <c>options</c> of a request, in Ollama's names. Layers go over one another with <see cref="With"/>: these defaults, then those of the
/// model, then those of the request.
/// </summary>
internal sealed record GenerationOptions
{
    /// <summary>The least context that <c>num_ctx</c> can ask for.</summary>
    private const int MinContext = 4;

    /// <summary>Endless answers end after this many contexts.</summary>
    private const int MaxContextsPerAnswer = 10;

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Texts that end the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Tokens to generate; 0 or less for as many as may be.</summary>
    public int NumPredict { get; init; } = -1;

    /// <summary>Tokens at the start of the prompt that are never dropped; -1 for all.</summary>
    public int NumKeep { get; init; } = 4;

    /// <summary>Positions that the request asks for as written; null for the model's default.</summary>
    public int? NumCtx { get; init; }

    /// <summary>Positions that a generation needs: 0 or less of <c>num_ctx</c> means the model's default.</summary>
    public int? ContextLength => NumCtx is > 0 ? Math.Max(NumCtx.Value, MinContext) : null;

    /// <summary>
    /// These options with others laid over them. Unknown ones are ignored (old clients send options that no longer exist, others send
    /// everything they have), null ones are skipped.
    /// </summary>
    /// <exception cref="RequestException">400: an option is of the wrong type or out of range.</exception>
    public GenerationOptions With(JsonFields? options)
    {
        if (options is null)
        {
            return this;
        }
        CheckLoadOptions(options);
        return this with
        {
            Stop = Strings(options, "stop") ?? Stop,
            NumPredict = Int32(options, "num_predict") ?? NumPredict,
            NumKeep = Int32(options, "num_keep") ?? NumKeep,
            NumCtx = Int32(options, "num_ctx") ?? NumCtx,
            Sampling = Sampling with
            {
                Seed = Integer(options, "seed") ?? Sampling.Seed,
                Temperature = Single(options, "temperature") ?? Sampling.Temperature,
                TopK = Int32(options, "top_k") ?? Sampling.TopK,
                TopP = Single(options, "top_p") ?? Sampling.TopP,
                MinP = Single(options, "min_p") ?? Sampling.MinP,
                TypicalP = Single(options, "typical_p") ?? Sampling.TypicalP,
                RepeatLastN = Int32(options, "repeat_last_n") ?? Sampling.RepeatLastN,
                RepeatPenalty = Single(options, "repeat_penalty") ?? Sampling.RepeatPenalty,
                PresencePenalty = Single(options, "presence_penalty") ?? Sampling.PresencePenalty,
                FrequencyPenalty = Single(options, "frequency_penalty") ?? Sampling.FrequencyPenalty,
            },
        };
    }

    /// <summary>The defaults with those of a model over them.</summary>
    public static GenerationOptions Of(ServedModel model) =>
        new GenerationOptions().With(model.Defaults is { } defaults ? new JsonFields(defaults, "defaults") : null);

    /// <summary>A request with these options, for a loaded model; the context is capped to what the model can give, since some clients ask for all it was trained for.</summary>
    public GenerationRequest ApplyTo(GenerationRequest request, ITextEngine engine)
    {
        ModelDescription model = engine.Description;
        int context = Math.Min(ContextLength ?? model.ContextLength, model.MaxContextLength);
        int bound = (int)Math.Min((long)context * MaxContextsPerAnswer, int.MaxValue);
        return request with
        {
            Sampling = Sampling,
            Stop = Stop,
            Keep = NumKeep,
            ContextLength = context,
            MaxTokens = NumPredict <= 0 ? bound : Math.Min(NumPredict, bound),
        };
    }

    /// <summary>Options of loading that have no meaning here are checked all the same, so that a mistake does not hide.</summary>
    private static void CheckLoadOptions(JsonFields options)
    {
        foreach (string name in (ReadOnlySpan<string>)["num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict"])
        {
            Int32(options, name);
        }
        if (options.Any("use_mmap") is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) })
        {
            throw Wrong("use_mmap", "boolean");
        }
    }

    private static int? Int32(JsonFields options, string name) => Integer(options, name) switch
    {
        null => null,
        >= int.MinValue and <= int.MaxValue and var integer => (int)integer,
        _ => throw OutOfRange(options, name),
    };

    private static long? Integer(JsonFields options, string name) => options.Any(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value => JsonNumber.TryGetInteger(value, out long integer) ? integer : throw OutOfRange(options, name),
        _ => throw Wrong(name, "integer"),
    };

    private static float? Single(JsonFields options, string name) => options.Any(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value => JsonNumber.TryGetSingle(value, out float number) ? number : throw OutOfRange(options, name),
        _ => throw Wrong(name, "float32"),
    };

    private static IReadOnlyList<string>? Strings(JsonFields options, string name) => options.Any(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } value when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [.. value.EnumerateArray().Select(JsonText.Of)],
        _ => throw Wrong(name, "array"),
    };

    private static RequestException Wrong(string name, string type) =>
        RequestException.BadRequest($"option \"{name}\" must be of type {type}");

    private static RequestException OutOfRange(JsonFields options, string name) =>
        RequestException.BadRequest($"option \"{name}\" is out of range: {options.Any(name)!.Value.GetRawText()}");
}
