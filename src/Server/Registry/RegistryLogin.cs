using System.Net.Http.Headers;
using System.Text;

namespace LocalLlm.Server.Registry;

/// <summary>Who asks a registry, where it does not serve everybody.</summary>
/// <param name="Username">The account.</param>
/// <param name="Password">Its password, or a token that stands for it.</param>
internal sealed record RegistryLogin(string Username, string Password)
{
    /// <summary>Name of the scheme that sends both as they are (RFC 7617).</summary>
    public const string Scheme = "Basic";

    /// <summary>The login as a header.</summary>
    public AuthenticationHeaderValue Header => new(Scheme, Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Username}:{Password}")));

    /// <summary>The account alone, so that no log shows the password.</summary>
    public override string ToString() => Username;
}
