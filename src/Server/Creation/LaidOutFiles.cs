using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Uploaded files in a temporary folder under the names that their client gave them, as links to their blobs: what reads folders can read them.</summary>
internal sealed class LaidOutFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-create-");

    /// <summary>Lays files out.</summary>
    /// <exception cref="RequestException">400: one was never uploaded, or is gone.</exception>
    public LaidOutFiles(IEnumerable<UploadedFile> files, BlobStore blobs)
    {
        try
        {
            foreach (UploadedFile file in files)
            {
                file.Require(blobs);
                Link(file, blobs.PathOf(file.Digest));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The folder.</summary>
    public string Path => _folder.FullName;

    /// <summary>Where a file is in it.</summary>
    public string PathOf(UploadedFile file) => System.IO.Path.Combine(Path, file.Name);

    /// <summary>A sentence in which files have the client's names for them; it knows no others.</summary>
    public string InClientsNames(string sentence) => sentence
        .Replace(Path + System.IO.Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
        .Replace(Path, "files", StringComparison.Ordinal);

    /// <summary>Removes the folder.</summary>
    public void Dispose() => _folder.Delete(recursive: true);

    private void Link(UploadedFile file, string blob)
    {
        string path = PathOf(file);
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.CreateSymbolicLink(path, blob);
        }
        catch (IOException) when (Directory.Exists(path) || _folder.EnumerateFiles("*", SearchOption.AllDirectories).Any(other => path.StartsWith(other.FullName, StringComparison.Ordinal)))
        {
            throw RequestException.BadRequest($"the file \"{file.Name}\" has a name that is another's, or leads through another's");
        }
    }
}
