using System.Globalization;

namespace LocalLlm.Server.Configuration;

/// <summary>
/// The value of <c>OLLAMA_HOST</c>, <c>[scheme://]host[:port][/path]</c>: where the server listens and where clients connect to. Without a scheme the
/// port defaults to 11434, with <c>http://</c> to 80, with <c>https://</c> to 443. The server ignores scheme and path.
/// </summary>
internal sealed record OllamaHost
{
    /// <summary>Port of an address that gives neither scheme nor port.</summary>
    public const int DefaultPort = 11434;

    private const string Variable = "OLLAMA_HOST";

    /// <summary><c>http</c> unless another one is written.</summary>
    public required string Scheme { get; init; }

    /// <summary>A name or an IP address, without brackets; empty for all interfaces (<c>:1234</c>).</summary>
    public required string Host { get; init; }

    /// <summary>0 to 65535; 0 lets the system choose.</summary>
    public required int Port { get; init; }

    /// <summary>What stands after the first slash, for clients behind a proxy; without that slash.</summary>
    public string Path { get; init; } = "";

    /// <summary>Reads <c>OLLAMA_HOST</c>; a port that is none leaves the default one and a warning.</summary>
    public static OllamaHost Read(EnvironmentReader environment)
    {
        string text = environment.Text(Variable);
        string scheme = "http", rest = text;
        int separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator >= 0)
        {
            (scheme, rest) = (text[..separator], text[(separator + 3)..]);
        }
        int defaultPort = separator < 0 ? DefaultPort : scheme switch { "http" => 80, "https" => 443, _ => DefaultPort };
        int slash = rest.IndexOf('/');
        string path = slash < 0 ? "" : rest[(slash + 1)..];
        (string host, string? port) = Split(slash < 0 ? rest : rest[..slash]);

        int number = defaultPort;
        if (port is not null && (!int.TryParse(port, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) || number is < 0 or > 65535))
        {
            environment.Warn(Variable, text, "an address with a port from 0 to 65535", $"port {defaultPort}");
            number = defaultPort;
        }
        return new OllamaHost { Scheme = scheme, Host = host, Port = number, Path = path };
    }

    /// <summary>The address as a URL, IPv6 hosts in brackets: <c>http://[::1]:11434/prefix</c>.</summary>
    public override string ToString() =>
        $"{Scheme}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}{(Path.Length > 0 ? "/" : "")}{Path}";

    /// <summary>Host and port; the port is null where none is written.</summary>
    private static (string Host, string? Port) Split(string text)
    {
        if (text.Length == 0)
        {
            return ("127.0.0.1", null);
        }
        if (text[0] == '[' && text.IndexOf(']') is int bracket and > 0)
        {
            string inner = text[1..bracket];
            return text[(bracket + 1)..] is [':', .. string port] ? (inner, port) : (inner, null);
        }
        // One colon parts host and port; several belong to an IPv6 address without brackets.
        int colon = text.IndexOf(':');
        return colon >= 0 && colon == text.LastIndexOf(':') ? (text[..colon], text[(colon + 1)..]) : (text, null);
    }
}
