using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary>The fields that <c>/api/chat</c> and <c>/api/generate</c> have in common.</summary>
internal sealed record NativeSettings
{
    /// <summary><c>options</c>, over the model's own, over the defaults.</summary>
    public required GenerationOptions Options { get; init; }

    /// <summary>Item by item (the default) or as one object.</summary>
    public required bool Stream { get; init; }

    /// <summary><c>_debug_render_only</c>: answer with the prompt instead of generating.</summary>
    public required bool RenderOnly { get; init; }

    private bool Truncate { get; init; }

    private bool Shift { get; init; }

    private bool LogProbabilities { get; init; }

    private int TopLogProbabilities { get; init; }

    /// <summary>Reads the fields.</summary>
    /// <exception cref="RequestException">400: a field is wrong, or asks for structured output.</exception>
    public static NativeSettings Read(JsonFields body, ServedModel model)
    {
        RequestFields.RefuseFormat(body);
        return new NativeSettings
        {
            Options = GenerationOptions.Of(model).With(body.Object("options")),
            Stream = body.Boolean("stream") ?? true,
            RenderOnly = body.Boolean("_debug_render_only") ?? false,
            Truncate = body.Boolean("truncate") ?? true,
            Shift = body.Boolean("shift") ?? true,
            LogProbabilities = body.Boolean("logprobs") ?? false,
            TopLogProbabilities = RequestFields.TopLogProbabilities(body),
        };
    }

    /// <summary>The request with these settings, for a loaded model.</summary>
    public GenerationRequest ApplyTo(GenerationRequest request, ITextEngine engine) => Options.ApplyTo(request, engine) with
    {
        Truncate = Truncate,
        Shift = Shift,
        LogProbabilities = LogProbabilities,
        TopLogProbabilities = LogProbabilities ? TopLogProbabilities : 0,
    };
}
