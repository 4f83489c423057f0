using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>The part of a registry that takes models, with the faults that a test wants.</summary>
internal sealed class FakeUploads
{
    private readonly ConcurrentDictionary<string, MemoryStream> _open = [];
    private int _number;

    /// <summary>Whether blobs may come in pieces.</summary>
    public bool TakesPieces { get; set; } = true;

    /// <summary>Whether an upload that broke off in a piece goes on where it broke, or is forgotten.</summary>
    public bool Resumes { get; set; } = true;

    /// <summary>The repository that has all blobs to be mounted; null for none.</summary>
    public string? Mounts { get; set; }

    /// <summary>Where uploads are said to go on; null for here.</summary>
    public FakeRegistry? UploadsAt { get; set; }

    /// <summary>A fault for each request of an upload that has begun: true if it dealt with the answer. It gets how many there have been.</summary>
    public Func<HttpContext, int, Task<bool>>? Fault { get; set; }

    /// <summary>Bytes of blobs that have come.</summary>
    public long BytesReceived;

    /// <summary>The ranges that came, as they were announced.</summary>
    public ConcurrentQueue<string> Ranges { get; } = [];

    private int _requests;

    /// <summary>Deals with a request if it is one of a push.</summary>
    public async Task<bool> HandleAsync(HttpContext context, FakeRegistry registry)
    {
        string path = context.Request.Path.Value!;
        if (path.EndsWith("/blobs/uploads/", StringComparison.Ordinal) && context.Request.Method == "POST")
        {
            Begin(context, registry);
            return true;
        }
        if (path.StartsWith("/uploads/", StringComparison.Ordinal))
        {
            if (Fault is null || !await Fault(context, Interlocked.Increment(ref _requests)))
            {
                await GoOnAsync(context, registry, path);
            }
            return true;
        }
        if (context.Request.Method == "PUT" && path.Contains("/manifests/", StringComparison.Ordinal))
        {
            MemoryStream manifest = new();
            await context.Request.Body.CopyToAsync(manifest);
            registry.Put(path, manifest.ToArray());
            context.Response.StatusCode = 201;
            return true;
        }
        return false;
    }

    /// <summary>Takes a piece of the body and breaks the connection.</summary>
    public async Task BreakAsync(HttpContext context, int bytes)
    {
        MemoryStream upload = _open[context.Request.Path.Value!];
        byte[] buffer = new byte[bytes];
        await context.Request.Body.ReadExactlyAsync(buffer);
        if (Resumes)
        {
            upload.Write(buffer);
        }
        else
        {
            _open.TryRemove(context.Request.Path.Value!, out _);
        }
        Interlocked.Add(ref BytesReceived, bytes);
        context.Abort();
    }

    private void Begin(HttpContext context, FakeRegistry registry)
    {
        if (Mounts is not null && context.Request.Query["from"] == Mounts)
        {
            registry.Put($"/v2/me/tiny/blobs/{context.Request.Query["mount"]}", []);
            context.Response.StatusCode = 201;
            return;
        }
        FakeRegistry where = UploadsAt ?? registry;
        string path = $"/uploads/{Interlocked.Increment(ref _number)}";
        where.Uploads._open[path] = new MemoryStream();
        context.Response.StatusCode = 202;
        context.Response.Headers.Location = where == registry ? $"{path}?state=a" : $"http://{where.Authority}{path}?state=a";
    }

    private async Task GoOnAsync(HttpContext context, FakeRegistry registry, string path)
    {
        HttpRequest request = context.Request;
        if (!_open.TryGetValue(path, out MemoryStream? upload) || request.Query["state"].Count != 1)
        {
            context.Response.StatusCode = 404;
            return;
        }
        if (request.Method == "PATCH" && !TakesPieces)
        {
            context.Response.StatusCode = 405;
            return;
        }
        if (request.Method == "PATCH" && !request.Headers.ContentRange.ToString().StartsWith($"{upload.Length}-", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 416;
            return;
        }
        if (request.Method == "PATCH")
        {
            Ranges.Enqueue(request.Headers.ContentRange.ToString());
        }
        long before = upload.Length;
        await request.Body.CopyToAsync(upload);
        Interlocked.Add(ref BytesReceived, upload.Length - before);
        if (request.Method == "PUT")
        {
            Finish(context, registry, upload);
            return;
        }
        context.Response.StatusCode = request.Method == "GET" ? 204 : 202;
        context.Response.Headers.Location = $"{path}?state=b";
        context.Response.Headers["Range"] = $"0-{Math.Max(0, upload.Length - 1)}";
    }

    private static void Finish(HttpContext context, FakeRegistry registry, MemoryStream upload)
    {
        string digest = context.Request.Query["digest"].ToString();
        if (digest != $"sha256:{Convert.ToHexStringLower(SHA256.HashData(upload.ToArray()))}")
        {
            context.Response.StatusCode = 400;
            return;
        }
        registry.Put($"/v2/me/tiny/blobs/{digest}", upload.ToArray());
        context.Response.StatusCode = 201;
    }
}
