using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Http.OpenAi;
using LocalLlm.Server.Registry;

namespace LocalLlm.Server.Http;

/// <summary>The table of what is answered where.</summary>
internal static class Routes
{
    private static readonly string[] s_getAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds all routes.</summary>
    /// <param name="app">Where to.</param>
    /// <param name="models">All models.</param>
    /// <param name="access">Loads them.</param>
    /// <param name="options">How the server is set up.</param>
    /// <param name="time">The clock.</param>
    public static void Map(WebApplication app, ServedModels models, ModelAccess access, ServerOptions options, TimeProvider time)
    {
        ErrorAnswers errors = new(app.Services.GetRequiredService<ILogger<ErrorAnswers>>());
        MapNative(app, errors, models, access, time);
        MapTransfers(app, errors, models, options.ModelOptions.Threads);
        // Guides give the base URL with or without /v1.
        MapOpenAi(app, errors, models, access, time, "/v1");
        MapOpenAi(app, errors, models, access, time, "");

        // Clients of Jina ask the first, those of Cohere the second, and vLLM answers all three.
        RerankListEndpoint rerank = new(models, access);
        app.MapPost("/v1/rerank", errors.OpenAi(rerank.HandleAsync));
        app.MapPost("/v2/rerank", errors.OpenAi(rerank.HandleAsync));
        app.MapPost("/rerank", errors.OpenAi(rerank.HandleAsync));

        ModelsEndpoint list = new(models);
        app.MapGet("/v1/models", errors.OpenAi(list.HandleListAsync));
        app.MapGet($"/v1/models/{{**{ModelsEndpoint.IdParameter}}}", errors.OpenAi(list.HandleOneAsync));
        app.MapDelete($"/v1/models/{{**{ModelsEndpoint.IdParameter}}}", errors.OpenAi(list.HandleDeleteAsync));
    }

    private static void MapNative(WebApplication app, ErrorAnswers errors, ServedModels models, ModelAccess access, TimeProvider time)
    {
        ListEndpoints lists = new(models, access.Resident, app.Services.GetRequiredService<ILogger<ListEndpoints>>());
        EmbedEndpoint embed = new(models, access, time);
        app.MapMethods("/", s_getAndHead, SendLivenessAsync);
        app.MapMethods("/api/version", s_getAndHead, SendVersionAsync);
        app.MapMethods("/api/tags", s_getAndHead, errors.Native(lists.HandleTagsAsync));
        app.MapGet("/api/ps", errors.Native(lists.HandlePsAsync));
        app.MapPost("/api/show", errors.Native(new ShowEndpoint(models).HandleAsync));
        StoreEndpoints store = new(models);
        app.MapPost("/api/copy", errors.Native(store.HandleCopyAsync));
        app.MapDelete("/api/delete", errors.Native(store.HandleDeleteAsync));
        BlobEndpoints blobs = new(models);
        app.MapMethods(BlobEndpoints.Route, [HttpMethods.Head], errors.Native(blobs.HandleHeadAsync));
        app.MapPost(BlobEndpoints.Route, errors.Native(blobs.HandlePostAsync));
        app.MapPost("/api/chat", errors.Native(new ChatEndpoint(models, access, time).HandleAsync));
        app.MapPost("/api/generate", errors.Native(new GenerateEndpoint(models, access, time).HandleAsync));
        app.MapPost("/api/embed", errors.Native(embed.HandleAsync));
        app.MapPost("/api/embeddings", errors.Native(embed.HandleLegacyAsync));
        app.MapPost("/api/rerank", errors.Native(new RerankEndpoint(models, access, time).HandleAsync));
    }

    /// <summary>What brings models into the store, or out of it.</summary>
    private static void MapTransfers(WebApplication app, ErrorAnswers errors, ServedModels models, int threads)
    {
        CancellationToken stopping = app.Lifetime.ApplicationStopping;
        RegistryClient registry = app.Services.GetRequiredService<RegistryClient>();
        Lazy<ModelPull> pull = new(() => new ModelPull(registry, models.Store)); // one for both, so that they share downloads
        app.MapPost("/api/pull", errors.Native(new PullEndpoint(models, pull, stopping).HandleAsync));
        app.MapPost("/api/push", errors.Native(new PushEndpoint(models, registry, stopping).HandleAsync));
        app.MapPost("/api/create", errors.Native(new CreateEndpoint(models, pull, threads, registry.Options.DropReplaced, stopping).HandleAsync));
    }

    private static void MapOpenAi(
        WebApplication app, ErrorAnswers errors, ServedModels models, ModelAccess access, TimeProvider time, string prefix)
    {
        app.MapPost($"{prefix}/chat/completions", errors.OpenAi(new ChatCompletionsEndpoint(models, access, time).HandleAsync));
        app.MapPost($"{prefix}/embeddings", errors.OpenAi(new EmbeddingsEndpoint(models, access).HandleAsync));
    }

    /// <summary>What probes look for, word for word.</summary>
    private static Task SendLivenessAsync(HttpContext context)
    {
        const string Alive = "Ollama is running";
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = Alive.Length;
        return context.Response.WriteAsync(Alive);
    }

    private static Task SendVersionAsync(HttpContext context) => ApiJson.SendAsync(
        context, new VersionAnswer(LocalLlmServer.OllamaVersion, LocalLlmServer.Version), ApiJson.Compact.VersionAnswer);
}
