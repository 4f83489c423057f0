using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>A file that a client has uploaded as a blob, and what it calls it.</summary>
/// <param name="Name">Its path relative to the model's folder, with slashes.</param>
/// <param name="Digest">The blob.</param>
internal sealed record UploadedFile(string Name, BlobDigest Digest)
{
    /// <summary>The files of a request's field: an object of digests by names.</summary>
    /// <exception cref="RequestException">400: a name leads elsewhere, or a digest is none.</exception>
    public static IReadOnlyList<UploadedFile> Read(JsonFields body, string field)
    {
        List<UploadedFile> files = [];
        foreach ((string name, JsonNode? value) in body.Object(field) is { } fields ? JsonNodes.ObjectOf(fields.Element) : [])
        {
            if (name.Length == 0 || name.StartsWith('/') || Path.IsPathRooted(name) || name.AsSpan().ContainsAny('\\', '\0') || name.Split('/').Any(part => part is "" or "." or ".."))
            {
                throw RequestException.BadRequest($"file path must be relative: \"{name}\"");
            }
            files.Add(value?.GetValueKind() == JsonValueKind.String && BlobDigest.TryParse(value.GetValue<string>(), out BlobDigest digest)
                ? new UploadedFile(name, digest)
                : throw RequestException.BadRequest($"invalid digest format: {field} gives \"{name}\" no sha256: and 64 hexadecimal digits"));
        }
        return files;
    }

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
