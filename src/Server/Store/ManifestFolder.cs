using LocalLlm.Server.Models;

namespace LocalLlm.Server.Store;

/// <summary>
/// The manifests of a store: <c>HOST/NAMESPACE/MODEL/TAG</c>, one file each. Names keep the spelling that they were written with and are found in any other,
/// so that a model never has two. Nothing is remembered between calls, because other processes add and delete models as well.
/// </summary>
/// <param name="folder">The folder <c>manifests</c> of a store, which need not exist.</param>
internal sealed class ManifestFolder(string folder)
{
    /// <summary>Manifests of the largest models, stored in pieces, have some hundred kilobytes.</summary>
    private const int MaxBytes = 16 << 20;

    /// <summary>The folder.</summary>
    public string Folder => folder;

    /// <summary>The names that have a manifest.</summary>
    /// <param name="hidden">Gets a sentence for each place where there may be manifests that cannot be told: a closed folder, a file whose name is that of no model.</param>
    public IEnumerable<ModelName> Names(ICollection<string>? hidden = null)
    {
        foreach (string host in Entries(folder, directories: true, hidden))
        {
            foreach (string space in Entries(Path.Combine(folder, host), directories: true, hidden))
            {
                foreach (string model in Entries(Path.Combine(folder, host, space), directories: true, hidden))
                {
                    foreach (string tag in Entries(Path.Combine(folder, host, space, model), directories: false, hidden))
                    {
                        if (ModelName.TryParse($"{host}/{space}/{model}:{tag}", out ModelName? name))
                        {
                            yield return name.Value;
                        }
                        else if (!tag.StartsWith('.')) // neither temporary files nor what file managers leave
                        {
                            hidden?.Add($"'{Path.Combine(folder, host, space, model, tag)}' has a name that no model can have: move it away if it is no manifest");
                        }
                    }
                }
            }
        }
    }

    /// <summary>The name of an existing manifest as it is spelled on the disk; null if there is none.</summary>
    public ModelName? Existing(ModelName name) =>
        File.Exists(PathOf(name)) ? name : Names().Where(name.Equals).Select(found => (ModelName?)found).FirstOrDefault();

    /// <summary>
    /// The spelling in which a name is to be written: that of the existing manifest, or else each part as some manifest spells it already, so that
    /// <c>LIBRARY/Foo</c> joins <c>library</c>.
    /// </summary>
    public ModelName SpellingFor(ModelName name)
    {
        if (Existing(name) is { } same)
        {
            return same;
        }
        ModelName[] names = [.. Names()];
        string Spelled(Func<ModelName, string> part)
        {
            string own = part(name);
            string[] equal = [.. names.Select(part).Where(other => other.Equals(own, StringComparison.OrdinalIgnoreCase))];
            return equal.Length == 0 || equal.Contains(own) ? own : equal[0];
        }
        string text = $"{Spelled(one => one.Host)}/{Spelled(one => one.Namespace)}/{Spelled(one => one.Model)}:{Spelled(one => one.Tag)}";
        return ModelName.TryParse(text, out ModelName? spelled) ? spelled.Value : name;
    }

    /// <summary>Where a name's manifest stands, if it is spelled so.</summary>
    public string PathOf(ModelName name) => Path.Combine(folder, name.Host, name.Namespace, name.Model, name.Tag);

    /// <summary>Reads a manifest.</summary>
    /// <param name="name">Its name as spelled on the disk.</param>
    /// <returns>Null if it is not there (any more).</returns>
    /// <exception cref="StoreException">It is broken or cannot be read; the message names the file.</exception>
    public StoredManifest? Read(ModelName name)
    {
        string path = PathOf(name);
        try
        {
            FileInfo file = new(path);
            DateTimeOffset modified = file.LastWriteTimeUtc;
            if (file.Exists && file.Length > MaxBytes)
            {
                throw Broken(path, $"it has {file.Length} bytes, more than any manifest");
            }
            byte[] bytes = File.ReadAllBytes(path);
            return new StoredManifest(name, path, bytes, ModelManifest.Parse(bytes), modified);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (FormatException exception)
        {
            throw Broken(path, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreErrorKind.Inaccessible, $"the manifest '{path}' cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Writes a manifest, over the one that is there.</summary>
    /// <param name="name">Its name, spelled as it shall be.</param>
    /// <param name="bytes">The manifest.</param>
    public void Write(ModelName name, ReadOnlySpan<byte> bytes)
    {
        string path = PathOf(name);
        DurableFiles.CreateFolder(Path.GetDirectoryName(path)!);
        DurableFiles.Write(path, bytes);
    }

    /// <summary>Deletes a manifest and the folders that it leaves empty.</summary>
    /// <param name="name">Its name as spelled on the disk.</param>
    public void Delete(ModelName name)
    {
        string path = PathOf(name);
        File.Delete(path);
        DurableFiles.SyncToDisk(Path.GetDirectoryName(path)!);
        string? above = Path.GetDirectoryName(path);
        while (above is not null && above.Length > folder.Length && TryRemoveEmpty(above))
        {
            above = Path.GetDirectoryName(above);
        }
    }

    /// <summary>Removes all folders below that hold nothing, and temporary files that a crash left behind before a time.</summary>
    public void Tidy(DateTime leftBefore)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }
        foreach (string file in Directory.EnumerateFiles(folder, $".*{DurableFiles.TemporarySuffix}", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            if (DurableFiles.IsTemporary(Path.GetFileName(file)) && File.GetLastWriteTimeUtc(file) < leftBefore)
            {
                DurableFiles.TryDelete(file);
            }
        }
        foreach (string below in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).ToArray())
        {
            TryRemoveEmpty(below);
        }
    }

    private static bool TryRemoveEmpty(string path)
    {
        try
        {
            Directory.Delete(path, recursive: false);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Names of what a folder holds, in order; nothing if it is gone or closed to this user.</summary>
    private static string[] Entries(string path, bool directories, ICollection<string>? hidden)
    {
        try
        {
            IEnumerable<string> entries = directories ? Directory.EnumerateDirectories(path) : Directory.EnumerateFiles(path);
            return [.. entries.Select(entry => Path.GetFileName(entry)!).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            hidden?.Add($"the folder '{path}' is closed to this user: nobody here can say which blobs its models use");
            return [];
        }
    }

    private static StoreException Broken(string path, string reason) =>
        new(StoreErrorKind.Broken, $"the manifest '{path}' is broken: {reason}");
}
