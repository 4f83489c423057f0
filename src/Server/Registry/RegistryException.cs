namespace LocalLlm.Server.Registry;

/// <summary>A registry cannot be reached, refuses, or answers wrongly. The message is one sentence.</summary>
/// <param name="message">The sentence.</param>
/// <param name="inner">What lies beneath it; null for nothing.</param>
internal class RegistryException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the registry has no such model or blob.</summary>
    public bool IsNotFound { get; init; }

    /// <summary>The HTTP status that the registry refused with; 0 if it did not.</summary>
    public int Status { get; init; }
}

/// <summary>A failure that the next attempt may not meet: a registry that is overloaded, a connection that broke off.</summary>
/// <param name="message">The sentence.</param>
/// <param name="inner">What lies beneath it; null for nothing.</param>
internal sealed class TransientRegistryException(string message, Exception? inner = null) : RegistryException(message, inner);
