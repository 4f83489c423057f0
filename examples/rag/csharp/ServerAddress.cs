using System.Globalization;
using System.Text.RegularExpressions;

namespace Rag;

/// <summary>The address in <c>OLLAMA_HOST</c>, <c>[scheme://][host][:port][/path]</c>.</summary>
internal static partial class ServerAddress
{
    private const string Name = "[0-9A-Za-z_-]{1,63}";

    /// <summary>Without brackets: at least two colons.</summary>
    private const string IPv6 = @"\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*";

    /// <summary>The URL of the server, without a slash at its end: port 11434 unless a port is written, or a scheme, which has a port of its own.</summary>
    public static string Read()
    {
        string text = (Environment.GetEnvironmentVariable("OLLAMA_HOST") ?? "").Trim().Trim('\'', '"').Trim();
        Match found = Form().Match(text);
        string scheme = found.Groups["scheme"].Value, host = found.Groups["host"].Value.Trim('[', ']');
        int port = (found.Groups["port"].Value, scheme) switch
        {
            ({ Length: > 0 } digits, _) => int.Parse(digits, CultureInfo.InvariantCulture),
            (_, "http") => 80,
            (_, "https") => 443,
            _ => 11434,
        };
        host = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        host = host switch { "" or "0.0.0.0" => "127.0.0.1", "[::]" => "[::1]", _ => host };
        string address = $"{(scheme.Length > 0 ? scheme : "http")}://{host}:{port}{found.Groups["path"].Value.TrimEnd('/')}";
        return found.Success && port is >= 1 and <= 65535 && Uri.TryCreate(address, UriKind.Absolute, out _)
            ? address
            : throw new RagException($"OLLAMA_HOST is '{text}': expected an address such as 127.0.0.1:11434, with a port from 1 to 65535");
    }

    [GeneratedRegex(
        @"\A(?:(?<scheme>https?)://)?(?<host>" + IPv6 + "|" + Name + @"(?:\." + Name + @")*|)(?::(?<port>[0-9]{1,5}))?(?<path>/\S*)?\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
