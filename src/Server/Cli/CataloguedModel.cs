using LocalLlm.Engine;
using LocalLlm.Server.Models;

namespace LocalLlm.Server.Cli;

/// <summary>An entry of the catalogue as people see it on this machine.</summary>
/// <param name="Model">The entry.</param>
/// <param name="State">Whether it is here: <c>bundled</c>, <c>installed</c> (in the store), <c>to be fetched</c>, or <c>missing</c> or <c>incomplete</c>, of a bundled file.</param>
/// <param name="FileBytes">Bytes of its file, or about that; null if the manifest does not tell.</param>
/// <param name="Plan">Its memory plan; null if the manifest does not tell.</param>
internal sealed record CataloguedModel(CatalogueModel Model, string State, long? FileBytes, MemoryPlan? Plan)
{
    /// <summary><c>fits</c>, <c>needs 12 GB</c> or <c>?</c>.</summary>
    public string Memory => Plan is null ? "?" : Plan.Fits ? "fits" : $"needs {HumanBytes.Of(Plan.LeastBytes)}";

    /// <summary>Looks at an entry.</summary>
    /// <param name="model">The entry.</param>
    /// <param name="stored">Names that the model store has.</param>
    /// <param name="availableBytes">Memory that is free.</param>
    public static CataloguedModel Of(CatalogueModel model, IReadOnlySet<ModelName> stored, long availableBytes) =>
        new(model, StateOf(model, stored), CataloguePlan.FileBytes(model), CataloguePlan.For(model, new ModelOptions(), availableBytes));

    private static string StateOf(CatalogueModel model, IReadOnlySet<ModelName> stored) =>
        model.Names.Any(name => ModelName.TryParse(name, out ModelName? parsed) && stored.Contains(parsed.Value)) ? "installed"
        : model.Path is null ? "to be fetched"
        : !File.Exists(model.Path) ? "missing"
        : new FileInfo(model.Path).Length != model.Size ? "incomplete"
        : "bundled";
}
