using LocalLlm.Engine;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http;

/// <summary>What lists show of a model.</summary>
internal sealed record ModelSummary
{
    /// <summary>64 hex digits: SHA-256 of the manifest, of the one that would be written if the model is not in the store.</summary>
    public required string Digest { get; init; }

    /// <summary>Bytes of everything that belongs to it.</summary>
    public required long Size { get; init; }

    /// <summary>When it was added or changed.</summary>
    public required DateTimeOffset ModifiedAt { get; init; }

    /// <summary>What kind of model it is.</summary>
    public required ModelDetails Details { get; init; }

    /// <summary>What it can do: <c>completion</c>, <c>embedding</c>, …; nothing if its file cannot be read.</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }

    /// <summary>A model that is not in the store.</summary>
    public static ModelSummary Of(ServedModel model, GgufFacts facts) => new()
    {
        Digest = new SynthesisedManifest(model, facts, FileDigestOf(model, facts)).Digest.Hex,
        Size = facts.FileBytes,
        ModifiedAt = File.GetLastWriteTimeUtc(model.Path),
        Details = ModelDetails.Of(facts),
        Capabilities = GgufFacts.NamesOf(facts.Capabilities),
    };

    /// <summary>A model of the store. Its config goes before its file, as those who made it wanted.</summary>
    public static ModelSummary Of(StoredModel stored, GgufFacts? facts) => new()
    {
        Digest = stored.Manifest.Digest.Hex,
        Size = stored.Manifest.Manifest.Size,
        ModifiedAt = stored.Manifest.ModifiedAt,
        Details = ModelDetails.Of(stored, facts),
        Capabilities = facts is null ? [] : GgufFacts.NamesOf(facts.Capabilities | (stored.Prompts?.Template.SupportsInsertion == true ? ModelCapabilities.Insert : ModelCapabilities.None)),
    };

    /// <summary>The file's SHA-256 where it is known beforehand, else its fingerprint (<see cref="GgufFacts.Fingerprint"/>), for which no gigabytes are read.</summary>
    private static BlobDigest FileDigestOf(ServedModel model, GgufFacts facts) =>
        BlobDigest.TryParse($"sha256:{model.Sha256 ?? facts.Fingerprint}", out BlobDigest digest)
            ? digest
            : throw new InvalidOperationException($"\"{model.Sha256}\" is no SHA-256.");
}
