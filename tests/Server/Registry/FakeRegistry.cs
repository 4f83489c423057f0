using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using LocalLlm.Server.Models;
using LocalLlm.Server.Tests.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>A registry on a free loopback port, with one repository <c>me/tiny</c> and the faults that a test wants.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, byte[]> _files = [];

    private FakeRegistry()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>All requests: method, path, range, authorization.</summary>
    public ConcurrentQueue<(string Method, string Path, string Range, string Authorization, string Accept)> Requests { get; } = [];

    /// <summary>The token to ask for; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>The header that whoever asks must send, or must get a token with if there is one; null for none.</summary>
    public string? Login { get; set; }

    /// <summary>Where tokens are said to be had; null for the registry itself.</summary>
    public string? Realm { get; set; }

    /// <summary>Where all blobs are; null for here.</summary>
    public FakeRegistry? BlobsAt { get; set; }

    /// <summary>A fault for each GET of a blob: true if it dealt with the answer.</summary>
    public Func<HttpContext, byte[], Task<bool>>? Fault { get; set; }

    public bool KnowsRanges { get; set; } = true;

    /// <summary>Requests still to be answered with status 503.</summary>
    public int Unavailable;

    /// <summary>Takes what is pushed.</summary>
    public FakeUploads Uploads { get; } = new();

    /// <summary>Bytes of blobs sent.</summary>
    public long BytesSent;

    public string Authority => new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority;

    public ModelName Name => StoreFixture.Name($"{Authority}/me/tiny:v1");

    public static async Task<FakeRegistry> StartAsync()
    {
        FakeRegistry registry = new();
        await registry._app.StartAsync();
        return registry;
    }

    /// <summary>Adds a blob and gives its digest.</summary>
    public string Add(byte[] content)
    {
        string digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";
        _files[$"/v2/me/tiny/blobs/{digest}"] = content;
        return digest;
    }

    /// <summary>The file of a path below <c>/v2/</c>; null if there is none.</summary>
    public byte[]? File(string path) => _files.GetValueOrDefault($"/v2/{path}");

    public void Put(string path, byte[] content) => _files[path] = content;

    public void AddManifest(byte[] content) => _files["/v2/me/tiny/manifests/v1"] = content;

    public IEnumerable<string> Paths(string method) => Requests.Where(request => request.Method == method).Select(request => request.Path);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string path = request.Path.Value!;
        Requests.Enqueue((request.Method, path + request.QueryString, request.Headers.Range.ToString(), request.Headers.Authorization.ToString(), request.Headers.Accept.ToString()));
        if (Login is not null && (path == "/token" || Token is null) && request.Headers.Authorization != Login)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"fake registry\"";
        }
        else if (path == "/token")
        {
            await context.Response.WriteAsync($$"""{"token":"{{Token}}"}""");
        }
        else if (Token is not null && request.Headers.Authorization != $"Bearer {Token}")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Realm ?? $"http://{Authority}/token"}\",service=\"fake registry\",scope=\"repository:me/tiny:{(request.Method is "GET" or "HEAD" ? "pull" : "pull,push")}\"";
        }
        else if (Interlocked.Decrement(ref Unavailable) >= 0)
        {
            context.Response.StatusCode = 503;
            await context.Response.WriteAsync("come\nback later");
        }
        else if (await Uploads.HandleAsync(context, this))
        {
            // dealt with
        }
        else if (BlobsAt is { } other && path.Contains("/blobs/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = $"http://{other.Authority}{path}";
        }
        else if (_files.TryGetValue(path, out byte[]? file))
        {
            await SendAsync(context, file);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }

    private async Task SendAsync(HttpContext context, byte[] file)
    {
        if (context.Request.Method == "HEAD")
        {
            context.Response.ContentLength = file.Length;
            return;
        }
        int from = 0, end = file.Length;
        string[] range = context.Request.Headers.Range.ToString().Replace("bytes=", "", StringComparison.Ordinal).Split('-');
        if (range.Length == 2 && KnowsRanges)
        {
            (from, end) = (int.Parse(range[0], CultureInfo.InvariantCulture), int.Parse(range[1], CultureInfo.InvariantCulture) + 1);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{end - 1}/{file.Length}";
        }
        context.Response.ContentLength = end - from;
        if (Fault is not null && await Fault(context, file[from..end]))
        {
            return;
        }
        await SendBytesAsync(context, file.AsMemory(from, end - from));
    }

    /// <summary>Sends bytes of a blob and counts them.</summary>
    public async Task SendBytesAsync(HttpContext context, ReadOnlyMemory<byte> bytes)
    {
        const int Piece = 16 << 10;
        for (int at = 0; at < bytes.Length; at += Piece)
        {
            ReadOnlyMemory<byte> piece = bytes.Slice(at, Math.Min(Piece, bytes.Length - at));
            await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            Interlocked.Add(ref BytesSent, piece.Length);
        }
    }
}
