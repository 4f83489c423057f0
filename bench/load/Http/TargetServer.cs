using System.Net;
using LocalLlm.Load.Prompts;

namespace LocalLlm.Load.Http;

/// <summary>The server under load: one that was started for this run, or one that runs already.</summary>
internal sealed class TargetServer : IAsyncDisposable
{
    private readonly ServerProcess? _process;
    private readonly HttpClient _client;

    private TargetServer(Uri address, string model, ServerProcess? process)
    {
        _process = process;
        Model = model;
        EndPoint = new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
        _client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The model to ask for.</summary>
    public string Model { get; }

    /// <summary>The server's process; null where it was not started here.</summary>
    public int? Process => _process?.Id;

    /// <summary>Starts a server, or takes the one that the options name.</summary>
    /// <param name="options">What the command line says.</param>
    /// <param name="model">The model to serve.</param>
    /// <param name="variables">Environment variables that the scenario needs; a server that runs already has its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<TargetServer> OpenAsync(
        LoadOptions options, LoadModel model, IEnumerable<KeyValuePair<string, string>> variables, CancellationToken cancellationToken)
    {
        if (options.Url is { } url)
        {
            return new TargetServer(url, model.Name, null);
        }
        ServerProcess process = await ServerProcess.StartAsync(model.Path, options.Simd, variables.Concat(options.Environment), cancellationToken);
        return new TargetServer(process.Address, ServerProcess.ModelName, process);
    }

    /// <summary>Loads the model, or has it loaded afresh: its cache is empty after that.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        await PostAsync($$"""{"model":"{{Model}}","keep_alive":0}""", cancellationToken);
        await PostAsync($$"""{"model":"{{Model}}","keep_alive":-1}""", cancellationToken);
    }

    /// <summary>Asks <c>/api/generate</c> for a streamed answer.</summary>
    public Task<StreamedAnswer> GenerateAsync(PromptCase prompt, CancellationToken cancellationToken, IPAddress? source = null) =>
        ApiConnection.StreamAsync(EndPoint, "/api/generate", prompt.Body(Model), cancellationToken, source);

    /// <summary>Asks <c>/api/chat</c> for a streamed answer.</summary>
    /// <param name="messages">The messages, a JSON array.</param>
    /// <param name="generate">Tokens to generate.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<StreamedAnswer> ChatAsync(string messages, int generate, CancellationToken cancellationToken)
    {
        string body = $$$"""{"model":{{{PromptCase.Quote(Model)}}},"messages":{{{messages}}},"stream":true,"options":{"seed":1,"num_predict":{{{generate}}}}}""";
        return ApiConnection.StreamAsync(EndPoint, "/api/chat", body, cancellationToken);
    }

    /// <summary>The samples of <c>/metrics</c>; null where the server has none.</summary>
    public async Task<MetricsText?> MetricsAsync(CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _client.GetAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return response.IsSuccessStatusCode ? MetricsText.Parse(await response.Content.ReadAsStringAsync(cancellationToken)) : null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private async Task PostAsync(string body, CancellationToken cancellationToken)
    {
        using StringContent content = new(body);
        using HttpResponseMessage response = await _client.PostAsync(new Uri("/api/generate", UriKind.Relative), content, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The server answered {(int)response.StatusCode} to {body}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }
    }
}
