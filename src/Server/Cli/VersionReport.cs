using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>
/// <c>--version</c>: the version of the server of <c>OLLAMA_HOST</c> in Ollama's words, which scripts read, then this program's own. Since installers and editors
/// ask it again and again, it starts nothing that it does not need: neither the commands nor an HTTP client.
/// </summary>
internal static class VersionReport
{
    private const int LargestAnswer = 64 << 10;

    // A server on this machine answers in a millisecond; one that does not may not hold up whoever asks.
    private const int PatienceMilliseconds = 2000;

    /// <summary>Whether a command line asks for the version and nothing else.</summary>
    public static bool IsAsked(IReadOnlyList<string> args) => args is ["--version" or "-v"];

    /// <summary>Writes the report.</summary>
    /// <returns>The exit code, which is always 0.</returns>
    public static int Write(TextWriter writer, Func<string, string?> variable)
    {
        OllamaHost host = OllamaHost.Read(new EnvironmentReader(variable));
        (string? server, string? own) = Ask(host);
        writer.WriteLine(server is null ? "Warning: could not connect to a running Ollama instance" : $"ollama version is {server}");
        if (server != ProductVersion.Ollama)
        {
            writer.WriteLine($"Warning: client version is {ProductVersion.Ollama}");
        }
        writer.WriteLine($"localllm version is {ProductVersion.Own}");
        if (own is not null && own != ProductVersion.Own)
        {
            writer.WriteLine($"Warning: the server's localllm version is {own}");
        }
        return 0;
    }

    /// <summary>The server's version, and its own if it is this program; nulls if nobody answers.</summary>
    private static (string? Version, string? Own) Ask(OllamaHost host)
    {
        try
        {
            string answer = host.Scheme == "http" && IsThisMachine(host.Host) ? AskPlainly(host) : AskAnyhow(host);
            return Read(answer);
        }
        catch (Exception exception) when (exception is SocketException or IOException or HttpRequestException or OperationCanceledException or UriFormatException or InvalidOperationException or NotSupportedException)
        {
            return (null, null);
        }
    }

    private static bool IsThisMachine(string host) => host is "" or "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>One request over a socket: on this machine there is neither a proxy nor encryption.</summary>
    private static string AskPlainly(OllamaHost host)
    {
        string name = host.Host.Length == 0 ? "127.0.0.1" : host.Host;
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { SendTimeout = PatienceMilliseconds, ReceiveTimeout = PatienceMilliseconds };
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            socket.Connect(address, host.Port);
        }
        else
        {
            socket.Connect(name, host.Port);
        }
        string path = host.Path.Length > 0 ? $"/{host.Path.Trim('/')}/api/version" : "/api/version";
        socket.Send(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"GET {path} HTTP/1.1\r\nHost: localhost:{host.Port}\r\nUser-Agent: localllm\r\nConnection: close\r\n\r\n")));
        byte[] buffer = new byte[LargestAnswer];
        int length = 0, read;
        while (length < buffer.Length && (read = socket.Receive(buffer, length, buffer.Length - length, SocketFlags.None)) > 0)
        {
            length += read;
        }
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static string AskAnyhow(OllamaHost host)
    {
        using HttpClient client = new() { Timeout = TimeSpan.FromMilliseconds(PatienceMilliseconds) };
        return client.GetStringAsync(new Uri($"{host.ToString().TrimEnd('/')}/api/version")).GetAwaiter().GetResult();
    }

    /// <summary>The versions in an answer; its head and the marks of its pieces stand outside of the one JSON object.</summary>
    private static (string? Version, string? Own) Read(string answer)
    {
        int start = answer.IndexOf('{', StringComparison.Ordinal), end = answer.LastIndexOf('}');
        if (start < 0 || end < start)
        {
            return (null, null);
        }
        string? version = null, own = null;
        try
        {
            Utf8JsonReader json = new(Encoding.UTF8.GetBytes(answer[start..(end + 1)]));
            for (string? name = null; json.Read();)
            {
                switch (json.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = json.GetString();
                        break;
                    case JsonTokenType.String when name == "version":
                        version = json.GetString();
                        break;
                    case JsonTokenType.String when name == "localllm_version":
                        own = json.GetString();
                        break;
                }
            }
        }
        catch (JsonException)
        {
            // Whoever answers there is no such server.
        }
        return (version, own);
    }
}
