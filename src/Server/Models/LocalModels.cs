using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Models;

/// <summary>The models of this machine, for verbs that work without a server: those of the store, then those of the catalogue, then files by their path.</summary>
/// <param name="storeFolder">Folder of the store, which is only read; it need not exist.</param>
/// <param name="catalogue">The catalogue.</param>
internal sealed class LocalModels(string storeFolder, ModelCatalogue catalogue)
{
    /// <summary>The model that a user means, as something that can be loaded.</summary>
    /// <param name="nameOrPath">What the user wrote. A name goes before a file that is called the same: <c>./smollm2</c> means the file.</param>
    /// <exception cref="ModelCatalogueException">There is no such name and no such file, or the model cannot be loaded as it stands.</exception>
    /// <exception cref="StoreException">The model's manifest is broken.</exception>
    public ServedModel Resolve(string nameOrPath)
    {
        ServedModel? stored = ModelName.TryParse(nameOrPath.Trim(), out ModelName? name)
            ? new StoredModels(new ModelStore(storeFolder, readOnly: true), GoTemplates.Preferred).Find(name.Value)
            : null;
        return stored switch
        {
            null => catalogue.Resolve(nameOrPath).ToServed(),
            { Defect: { } defect } => throw new ModelCatalogueException($"{char.ToUpperInvariant(defect[0])}{defect[1..].TrimEnd('.')}."),
            _ => stored,
        };
    }
}
