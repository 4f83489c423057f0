using System.Text;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Streaming;

namespace LocalLlm.Server.Http.Native;

/// <summary>Answers of the two generating endpoints of the native API, which differ only in where an item holds its text.</summary>
/// <param name="context">Of the client.</param>
/// <param name="modelName">The model's name as the client wrote it.</param>
/// <param name="clock">The request's times.</param>
/// <param name="withText">Puts text where the endpoint has it.</param>
internal sealed class NativeGeneration(
    HttpContext context, string modelName, RequestClock clock, Func<GenerationItem, string, GenerationItem> withText)
{
    /// <summary>Answers without generating: the model was loaded or unloaded. One object, even where a stream was asked for.</summary>
    public Task SendLoadAsync(string doneReason) =>
        SendAsync(Item("", done: true) with { DoneReason = doneReason });

    /// <summary>Answers with the rendered prompt instead of generating.</summary>
    public async Task SendRenderedAsync(ITextEngine engine, GenerationRequest request)
    {
        string rendered = await engine.RenderAsync(request, context.RequestAborted);
        await SendAsync(Item("", done: false) with { DebugInfo = new DebugInfo(rendered, ImageCount: 0) });
    }

    /// <summary>Generates and answers.</summary>
    /// <param name="call">The loaded model.</param>
    /// <param name="request">What to generate.</param>
    /// <param name="stream">Item by item, or as one object.</param>
    /// <param name="returnsContext">Whether the last item holds the tokens to continue from.</param>
    public async Task RunAsync(ModelCall call, GenerationRequest request, bool stream, bool returnsContext)
    {
        await using RunningGeneration generation = await call.StartAsync(request);
        if (stream)
        {
            NdjsonWriter writer = new(context.Response);
            await foreach (TextDelta delta in generation.DeltasAsync())
            {
                GenerationItem item = Item(delta.Text, done: false) with { Logprobs = EntriesOf(delta.LogProbabilities) };
                await writer.WriteAsync(item, ApiJson.Compact.GenerationItem, context.RequestAborted);
            }
            GenerationItem last = Finish("", generation.Finished, returnsContext);
            await writer.WriteAsync(last, ApiJson.Compact.GenerationItem, context.RequestAborted);
            return;
        }
        StringBuilder text = new();
        List<TokenLogProbability> logProbabilities = [];
        await foreach (TextDelta delta in generation.DeltasAsync())
        {
            text.Append(delta.Text);
            logProbabilities.AddRange(delta.LogProbabilities);
        }
        await SendAsync(Finish(text.ToString(), generation.Finished, returnsContext) with { Logprobs = EntriesOf(logProbabilities) });
    }

    private GenerationItem Finish(string text, GenerationFinished finished, bool returnsContext) => Item(text, done: true) with
    {
        DoneReason = FinishReasons.NameOf(finished.Reason),
        Context = returnsContext && finished.Context.Count > 0 ? finished.Context : null,
        TotalDuration = clock.ElapsedNanoseconds,
        LoadDuration = clock.LoadNanoseconds,
        PromptEvalCount = finished.Usage.PromptTokens,
        CachedTokens = finished.Usage.CachedTokens,
        PromptEvalDuration = WireTime.Nanoseconds(finished.Usage.PromptDuration),
        EvalCount = finished.Usage.GeneratedTokens,
        EvalDuration = WireTime.Nanoseconds(finished.Usage.GenerationDuration),
        Truncation = finished.Truncation,
    };

    private GenerationItem Item(string text, bool done) =>
        withText(new GenerationItem { Model = modelName, CreatedAt = WireTime.Utc(clock.Now), Done = done }, text);

    private Task SendAsync(GenerationItem item) => ApiJson.SendAsync(context, item, ApiJson.Compact.GenerationItem);

    private static IReadOnlyList<LogProbabilityEntry>? EntriesOf(IReadOnlyList<TokenLogProbability> tokens) =>
        tokens.Count == 0 ? null : LogProbabilityEntry.Of(tokens, alwaysTop: false);
}
