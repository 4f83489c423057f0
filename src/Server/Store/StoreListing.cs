namespace LocalLlm.Server.Store;

/// <summary>All models of a store.</summary>
/// <param name="Models">Those whose manifests can be read.</param>
/// <param name="Broken">What is wrong with the other manifests: one sentence each, which names the file.</param>
internal sealed record StoreListing(IReadOnlyList<StoredManifest> Models, IReadOnlyList<string> Broken);
