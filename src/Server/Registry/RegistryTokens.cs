using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace LocalLlm.Server.Registry;

/// <summary>What registries want to see before they give or take anything: tokens that they gave, one for each repository and purpose, or a login itself.</summary>
/// <param name="http">Asks; must not follow redirects by itself.</param>
/// <param name="options">Patience.</param>
internal sealed class RegistryTokens(HttpClient http, RegistryOptions options) : IDisposable
{
    private const int MaxBytes = 1 << 20;

    private readonly ConcurrentDictionary<(Uri, RegistryLogin?, bool), AuthenticationHeaderValue> _tokens = [];
    private readonly SemaphoreSlim _asking = new(1);

    /// <summary>What goes with each request to a repository; null if it has needed nothing so far.</summary>
    public AuthenticationHeaderValue? Of(RegistryRepository repository) => _tokens.GetValueOrDefault(KeyOf(repository));

    /// <summary>Gets a token after status 401. Many connections may meet one at once: the first asks for all.</summary>
    /// <param name="repository">What for.</param>
    /// <param name="refused">What was refused; null if nothing was sent.</param>
    /// <param name="answer">The answer with status 401.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RegistryException">No token is to be had.</exception>
    public async Task RenewAsync(RegistryRepository repository, AuthenticationHeaderValue? refused, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (Of(repository) is { } newer && !newer.Equals(refused))
            {
                return;
            }
            _tokens[KeyOf(repository)] = AsksForLogin(answer)
                ? LoginFor(repository, refused)
                : new AuthenticationHeaderValue("Bearer", await AskAsync(BearerChallenge.Of(answer.Headers, repository).TokenAddress(), repository, cancellationToken));
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    private static (Uri, RegistryLogin?, bool) KeyOf(RegistryRepository repository) => (repository.Root, repository.Login, repository.IsForPush);

    /// <summary>Whether a registry without tokens wants name and password with every request.</summary>
    private static bool AsksForLogin(HttpResponseMessage answer) =>
        answer.Headers.WwwAuthenticate.All(header => !header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        && answer.Headers.WwwAuthenticate.Any(header => header.Scheme.Equals(RegistryLogin.Scheme, StringComparison.OrdinalIgnoreCase));

    private static AuthenticationHeaderValue LoginFor(RegistryRepository repository, AuthenticationHeaderValue? refused)
    {
        AuthenticationHeaderValue login = repository.Login?.Header
            ?? throw new RegistryException($"{repository.Root.Authority} asks for a login: give username and password with the request");
        return !login.Equals(refused) ? login : throw new RegistryException($"{repository.Root.Authority} refuses the login of '{repository.Login.Username}' (status 401)");
    }

    private async Task<string> AskAsync(Uri address, RegistryRepository repository, CancellationToken cancellationToken)
    {
        using SilenceGuard guard = new(options.StallTimeout, cancellationToken);
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.Authorization = repository.Login?.Header;
        using HttpResponseMessage response = await guard.WaitAsync(token => RegistryClient.ReachAsync(http, request, token));
        if (RetryRule.IsTransient(response.StatusCode))
        {
            throw new TransientRegistryException($"{address.Authority} gave no token: status {(int)response.StatusCode}");
        }
        if (response.StatusCode != HttpStatusCode.OK)
        {
            string whom = repository.Login is { } login ? $"for the login of '{login.Username}'" : "without a login";
            throw new RegistryException($"{address.Authority} gives no token for '{repository.Name}' {whom} (status {(int)response.StatusCode})");
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
