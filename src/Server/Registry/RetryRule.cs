using System.Net;

namespace LocalLlm.Server.Registry;

/// <summary>Which failures are met with another attempt, and how long is waited before it.</summary>
/// <param name="options">How often, how long.</param>
internal sealed class RetryRule(RegistryOptions options)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <summary>Whether a failure may be gone at the next attempt.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        TransientRegistryException => true,
        // A certificate that is wrong stays wrong.
        HttpRequestException http => http.HttpRequestError is not (HttpRequestError.SecureConnectionError or HttpRequestError.ConfigurationLimitExceeded),
        IOException => true,
        _ => false,
    };

    /// <summary>Whether a status may be another one at the next attempt.</summary>
    public static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status is >= 500 and not (501 or 505);

    /// <summary>Waits before the next attempt.</summary>
    /// <param name="failures">Failures in a row so far, from 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task WaitAsync(int failures, CancellationToken cancellationToken)
    {
        double seconds = options.RetryDelay.TotalSeconds * Math.Pow(2, failures - 1);
        // Up to a half more, so that the connections of one blob do not all come back at once.
        seconds *= 1 + Random.Shared.NextDouble() / 2;
        return Task.Delay(TimeSpan.FromSeconds(Math.Min(seconds, s_longest.TotalSeconds)), cancellationToken);
    }

    /// <summary>Does something that may be done again.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        for (int failures = 1; ; failures++)
        {
            try
            {
                return await act();
            }
            catch (TransientRegistryException) when (failures <= options.Retries)
            {
                await WaitAsync(failures, cancellationToken);
            }
        }
    }
}
