using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;

namespace LocalLlm.Server.Registry;

/// <summary>Tokens that registries gave, one for each repository; they allow pulling from it and nothing else.</summary>
/// <param name="http">Asks; must not follow redirects by itself.</param>
/// <param name="options">Patience.</param>
internal sealed class RegistryTokens(HttpClient http, RegistryOptions options) : IDisposable
{
    private const int MaxBytes = 1 << 20;

    private readonly ConcurrentDictionary<Uri, string> _tokens = [];
    private readonly SemaphoreSlim _asking = new(1);

    /// <summary>The token of a repository; null if it has needed none so far.</summary>
    public string? Of(RegistryRepository repository) => _tokens.GetValueOrDefault(repository.Root);

    /// <summary>Gets a token after status 401. Many connections may meet one at once: the first asks for all.</summary>
    /// <param name="repository">What for.</param>
    /// <param name="refused">The token that was refused; null if none was sent.</param>
    /// <param name="answer">The answer with status 401.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RegistryException">No token is to be had.</exception>
    public async Task<string> RenewAsync(RegistryRepository repository, string? refused, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (Of(repository) is { } newer && newer != refused)
            {
                return newer;
            }
            Uri address = BearerChallenge.Of(answer.Headers, repository).TokenAddress();
            return _tokens[repository.Root] = await AskAsync(address, repository, cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    private async Task<string> AskAsync(Uri address, RegistryRepository repository, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(options.StallTimeout, cancellationToken);
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        using HttpResponseMessage response = await guard.WaitAsync(token => RegistryClient.ReachAsync(http, request, token));
        if (RetryRule.IsTransient(response.StatusCode))
        {
            throw new TransientRegistryException($"{address.Authority} gave no token: status {(int)response.StatusCode}");
        }
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new RegistryException($"{address.Authority} gives no token for '{repository.Name}' without a login (status {(int)response.StatusCode})");
        }
        byte[] body = await guard.WaitAsync(token => RegistryClient.ReadAsync(response, MaxBytes, token));
        return TokenOf(body) ?? throw new RegistryException($"{address.Authority} answered without a token");
    }

    /// <summary>The token is called <c>token</c>, or <c>access_token</c> as OAuth has it.</summary>
    private static string? TokenOf(byte[] body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            return Text(json.RootElement, "token") ?? Text(json.RootElement, "access_token");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text && !text.AsSpan().ContainsAny('\r', '\n')
            ? text
            : null;
}
