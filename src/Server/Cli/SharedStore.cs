using System.Security.Cryptography;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary>
/// The store of a server, where it is the one of <c>OLLAMA_MODELS</c> here and this process may write to it: files get into it without being copied. Whether it
/// is the server's is not asked but tried, so that no server has to tell paths or to trust them: a blob that nobody can guess is put there, and the server
/// asked whether it has it. A store that is not there yet is the server's if it comes into being when a blob is sent.
/// </summary>
/// <param name="host">Tells the environment.</param>
/// <param name="server">The server.</param>
internal sealed class SharedStore(CliHost host, ServerClient server)
{
    private const int ProbeBytes = 32;

    private Task<BlobStore?>? _blobs;

    /// <summary>Adds a file as a blob if it can be shared.</summary>
    /// <param name="path">The file.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the server has the blob now; if not, it has to be sent.</returns>
    public async Task<bool> TryAddAsync(string path, BlobDigest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await (_blobs ??= FindAsync(cancellationToken)) is { } blobs && IsReadableToServer(path, blobs) && blobs.TryShareFile(path, digest);
        }
        catch (Exception exception) when (exception is StoreException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether the server can read a file that is linked: everybody can, or the server is of this user, which is so where nobody but the owner may write to
    /// the store (and this process can). Servers of groups and services are of other users.
    /// </summary>
    private static bool IsReadableToServer(string path, BlobStore blobs) =>
        OperatingSystem.IsWindows() || File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherRead)
        || (!Environment.IsPrivilegedProcess && (File.GetUnixFileMode(blobs.Folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0);

    private async Task<BlobStore?> FindAsync(CancellationToken cancellationToken)
    {
        OllamaEnvironment environment = OllamaEnvironment.Read(host.Variable);
        BlobStore blobs = new ModelStore(environment.Models, environment.StoreReadOnly).Blobs;
        if (environment.StoreReadOnly)
        {
            return null;
        }
        if (!Directory.Exists(blobs.Folder))
        {
            using MemoryStream nothing = new();
            await server.SendBlobAsync(BlobDigest.Of([]).ToString(), nothing, cancellationToken);
            return Directory.Exists(blobs.Folder) ? blobs : null;
        }
        BlobDigest probe = blobs.Add(RandomNumberGenerator.GetBytes(ProbeBytes));
        try
        {
            return await server.HasBlobAsync(probe.ToString(), cancellationToken) ? blobs : null;
        }
        finally
        {
            DurableFiles.TryDelete(blobs.PathOf(probe));
        }
    }
}
