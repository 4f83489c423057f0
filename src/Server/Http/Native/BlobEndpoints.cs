using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http.Native;

/// <summary><c>HEAD</c> and <c>POST /api/blobs/{digest}</c>: how clients bring files before they create a model of them.</summary>
internal sealed class BlobEndpoints(ServedModels models)
{
    /// <summary>The route, with the digest as its parameter.</summary>
    public const string Route = $"/api/blobs/{{{DigestParameter}}}";

    private const string DigestParameter = "digest";

    /// <summary>200 if the blob is there, else 404.</summary>
    public Task HandleHeadAsync(HttpContext context)
    {
        BlobDigest digest = DigestOf(context);
        if (!models.Store.Blobs.Exists(digest))
        {
            throw RequestException.NotFound($"blob \"{digest}\" not found");
        }
        if (!models.Store.IsReadOnly)
        {
            models.Store.Blobs.Touch(digest); // it is about to be used: not for pruning
        }
        return Task.CompletedTask;
    }

    /// <summary>Takes the body as the blob: 201 if it is new, 200 if it was there.</summary>
    public async Task HandlePostAsync(HttpContext context)
    {
        bool added = await models.Store.Blobs.AddAsync(DigestOf(context), context.Request.Body, context.RequestAborted);
        context.Response.StatusCode = added ? StatusCodes.Status201Created : StatusCodes.Status200OK;
    }

    private static BlobDigest DigestOf(HttpContext context) =>
        BlobDigest.TryParse(context.Request.RouteValues[DigestParameter] as string, out BlobDigest digest)
            ? digest
            : throw RequestException.BadRequest("invalid digest format");
}
