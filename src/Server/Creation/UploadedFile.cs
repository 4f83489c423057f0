using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>A file that a client has uploaded as a blob, and what it calls it.</summary>
/// <param name="Name">Its path relative to the model's folder, with slashes.</param>
/// <param name="Digest">The blob.</param>
internal sealed record UploadedFile(string Name, BlobDigest Digest)
{
    /// <summary>Checks that the blob is there.</summary>
    /// <exception cref="RequestException">400: it was never uploaded, or is gone.</exception>
    public void Require(BlobStore blobs)
    {
        if (!blobs.Exists(Digest))
        {
            throw RequestException.BadRequest($"the blob {Digest} of the file \"{Name}\" is not in the store: upload it with POST /api/blobs/{Digest}, then create again");
        }
    }
}
