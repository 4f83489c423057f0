using System.Collections.Concurrent;
using LocalLlm.Engine;
using LocalLlm.Gguf;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>GET /api/tags</c> and <c>GET /api/ps</c>: the models that are there and those in memory.</summary>
internal sealed class ListEndpoints(ServedModels models, ResidentModels resident, ILogger<ListEndpoints> log)
{
    /// <summary>What <c>expires_at</c> says of models that stay: so far ahead that clients show "forever".</summary>
    private static readonly DateTimeOffset s_never = new(2318, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ConcurrentDictionary<string, bool> _told = [];

    /// <summary>Answers <c>/api/tags</c>; a model whose file or manifest is broken is left out and logged.</summary>
    public Task HandleTagsAsync(HttpContext context) => ApiJson.SendAsync(context, TagsOf(models, TellOnce), ApiJson.Compact.TagsAnswer);

    /// <summary>The list of models, the newest first.</summary>
    /// <param name="models">All of them.</param>
    /// <param name="tell">Gets a sentence for each that is left out because its file or manifest is broken.</param>
    public static TagsAnswer TagsOf(ServedModels models, Action<string> tell)
    {
        List<(DateTimeOffset Modified, TagEntry Entry)> entries = [];
        foreach ((ModelName name, ServedModel model) in models.Present(tell))
        {
            try
            {
                ModelSummary summary = models.Summarize(model);
                entries.Add((summary.ModifiedAt, EntryOf(name, summary)));
            }
            catch (Exception exception) when (exception is GgufFormatException or IOException or UnauthorizedAccessException)
            {
                tell($"{name} is not listed: {exception.Message}");
            }
        }
        return new TagsAnswer([.. entries.OrderByDescending(entry => entry.Modified).Select(entry => entry.Entry)]);
    }

    /// <summary>Answers <c>/api/ps</c>.</summary>
    public Task HandlePsAsync(HttpContext context)
    {
        PsAnswer answer = new([.. resident.List().Select(EntryOf)]);
        return ApiJson.SendAsync(context, answer, ApiJson.Compact.PsAnswer);
    }

    private static TagEntry EntryOf(ModelName name, ModelSummary summary) => new()
    {
        Name = name.DisplayName,
        ModifiedAt = WireTime.Local(summary.ModifiedAt),
        Size = summary.Size,
        Digest = summary.Digest,
        Details = summary.Details,
        Capabilities = summary.Capabilities,
    };

    private PsEntry EntryOf(ResidentModel loaded)
    {
        ModelSummary summary = models.Summarize(loaded.Model);
        ModelDescription description = loaded.Engine.Description;
        return new PsEntry
        {
            Name = ServedModels.MainNameOf(loaded.Model).DisplayName,
            Size = description.MemoryBytes,
            Digest = summary.Digest,
            Details = summary.Details,
            ExpiresAt = WireTime.Local(loaded.ExpiresAt ?? s_never),
            ContextLength = description.ContextLength,
        };
    }

    /// <summary>Logs a sentence the first time: clients ask for the list every few seconds.</summary>
    private void TellOnce(string sentence)
    {
        if (_told.TryAdd(sentence, true))
        {
            log.LogWarning("{Sentence}", sentence);
        }
    }
}
