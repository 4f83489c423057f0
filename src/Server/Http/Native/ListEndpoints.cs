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

    /// <summary>Answers <c>/api/tags</c>; a model whose file is broken is left out and logged.</summary>
    public Task HandleTagsAsync(HttpContext context)
    {
        List<(DateTimeOffset Modified, TagEntry Entry)> entries = [];
        foreach ((ModelName name, ServedModel model) in models.Present)
        {
            try
            {
                entries.Add(EntryOf(name, model));
            }
            catch (Exception exception) when (exception is GgufFormatException or IOException or UnauthorizedAccessException)
            {
                log.LogWarning("{Name} is not listed: {Reason}", name, exception.Message);
            }
        }
        TagsAnswer answer = new([.. entries.OrderByDescending(entry => entry.Modified).Select(entry => entry.Entry)]);
        return ApiJson.SendAsync(context, answer, ApiJson.Compact.TagsAnswer);
    }

    /// <summary>Answers <c>/api/ps</c>.</summary>
    public Task HandlePsAsync(HttpContext context)
    {
        PsAnswer answer = new([.. resident.List().Select(EntryOf)]);
        return ApiJson.SendAsync(context, answer, ApiJson.Compact.PsAnswer);
    }

    private (DateTimeOffset Modified, TagEntry Entry) EntryOf(ModelName name, ServedModel model)
    {
        GgufFacts facts = models.FactsOf(model);
        DateTimeOffset modified = File.GetLastWriteTimeUtc(model.Path);
        return (modified, new TagEntry
        {
            Name = name.DisplayName,
            ModifiedAt = WireTime.Local(modified),
            Size = facts.FileBytes,
            Digest = ServedModels.DigestOf(model, facts),
            Details = ModelDetails.Of(facts),
            Capabilities = GgufFacts.NamesOf(facts.Capabilities),
        });
    }

    private PsEntry EntryOf(ResidentModel loaded)
    {
        GgufFacts facts = models.FactsOf(loaded.Model);
        ModelDescription description = loaded.Engine.Description;
        return new PsEntry
        {
            Name = ServedModels.MainNameOf(loaded.Model).DisplayName,
            Size = description.MemoryBytes,
            Digest = ServedModels.DigestOf(loaded.Model, facts),
            Details = ModelDetails.Of(facts),
            ExpiresAt = WireTime.Local(loaded.ExpiresAt ?? s_never),
            ContextLength = description.ContextLength,
        };
    }
}
