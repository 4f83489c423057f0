using System.Security.Cryptography;
using System.Text;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Streaming;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>Writes the answer of a chat completion.</summary>
/// <param name="context">Of the client.</param>
/// <param name="settings">Of the request.</param>
/// <param name="generation">What is generated.</param>
/// <param name="modelName">The model's name as the client wrote it.</param>
/// <param name="created">When the answer began.</param>
internal sealed class ChatCompletionAnswer(
    HttpContext context, CompletionSettings settings, RunningGeneration generation, string modelName, DateTimeOffset created)
{
    /// <summary>Hex digits of an answer's identifier.</summary>
    private const int IdDigits = 24;

    private readonly string _id = $"chatcmpl-{RandomNumberGenerator.GetHexString(IdDigits, lowercase: true)}";

    /// <summary>As one object.</summary>
    public async Task SendAsync()
    {
        StringBuilder text = new();
        List<TokenLogProbability> logProbabilities = [];
        await foreach (TextDelta delta in generation.DeltasAsync())
        {
            text.Append(delta.Text);
            logProbabilities.AddRange(delta.LogProbabilities);
        }
        string reason = FinishReasons.NameOf(generation.Finished.Reason);
        ChatCompletion completion = new()
        {
            Id = _id,
            Created = created.ToUnixTimeSeconds(),
            Model = modelName,
            Choices = [new ChatCompletionChoice(0, new CompletionMessage(text.ToString()), EntriesOf(logProbabilities), reason)],
            Usage = UsageOf(generation.Finished.Usage),
        };
        await ApiJson.SendAsync(context, completion, ApiJson.Compact.ChatCompletion);
    }

    /// <summary>
    /// Event by event: the role comes with the first text only, then an empty delta with the reason of the end, then the usage if asked for.
    /// </summary>
    public async Task StreamAsync()
    {
        SseWriter writer = new(context.Response);
        string? role = "assistant";
        await foreach (TextDelta delta in generation.DeltasAsync())
        {
            await WriteAsync(writer, new ChunkChoice(new ChunkDelta(role, delta.Text), EntriesOf(delta.LogProbabilities)));
            role = null;
        }
        if (role is not null)
        {
            // Nothing was said, but clients build their message from the first event.
            await WriteAsync(writer, new ChunkChoice(new ChunkDelta(role, ""), Logprobs: null));
        }
        string reason = FinishReasons.NameOf(generation.Finished.Reason);
        await WriteAsync(writer, new ChunkChoice(new ChunkDelta(Role: null, Content: null), Logprobs: null) { FinishReason = reason });
        if (settings.IncludeUsage)
        {
            ChatCompletionChunk usage = Chunk([]) with { Usage = UsageOf(generation.Finished.Usage) };
            await writer.WriteAsync(usage, ApiJson.Compact.ChatCompletionChunk, context.RequestAborted);
        }
        await writer.WriteDoneAsync(context.RequestAborted);
    }

    private Task WriteAsync(SseWriter writer, ChunkChoice choice) =>
        writer.WriteAsync(Chunk([choice]), ApiJson.Compact.ChatCompletionChunk, context.RequestAborted);

    private ChatCompletionChunk Chunk(IReadOnlyList<ChunkChoice> choices) =>
        new() { Id = _id, Created = created.ToUnixTimeSeconds(), Model = modelName, Choices = choices };

    private CompletionLogProbabilities? EntriesOf(IReadOnlyList<TokenLogProbability> tokens) =>
        settings.LogProbabilities ? new CompletionLogProbabilities(LogProbabilityEntry.Of(tokens, alwaysTop: true)) : null;

    private static CompletionUsage UsageOf(GenerationUsage usage) =>
        new(usage.PromptTokens, usage.GeneratedTokens, new PromptTokensDetails(usage.CachedTokens));
}
