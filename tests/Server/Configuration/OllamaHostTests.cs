using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Tests.Configuration;

public class OllamaHostTests
{
    [Theory]
    [InlineData(null, "http://127.0.0.1:11434")]
    [InlineData("", "http://127.0.0.1:11434")]
    [InlineData("1.2.3.4", "http://1.2.3.4:11434")]
    [InlineData(":1234", "http://:1234")]
    [InlineData("1.2.3.4:1234", "http://1.2.3.4:1234")]
    [InlineData("example.com", "http://example.com:11434")]
    [InlineData("example.com:1234", "http://example.com:1234")]
    [InlineData(":0", "http://:0")]
    [InlineData("[::1]", "http://[::1]:11434")]
    [InlineData("::1", "http://[::1]:11434")]
    [InlineData("[::]", "http://[::]:11434")]
    [InlineData("::", "http://[::]:11434")]
    [InlineData("[::1]:1337", "http://[::1]:1337")]
    [InlineData("2001:db8::7", "http://[2001:db8::7]:11434")]
    [InlineData("0.0.0.0", "http://0.0.0.0:11434")]
    [InlineData(" 1.2.3.4 ", "http://1.2.3.4:11434")]
    [InlineData("\"1.2.3.4\"", "http://1.2.3.4:11434")]
    [InlineData("'1.2.3.4'", "http://1.2.3.4:11434")]
    [InlineData(" \" 1.2.3.4 \" ", "http://1.2.3.4:11434")]
    [InlineData("http://1.2.3.4", "http://1.2.3.4:80")]
    [InlineData("http://1.2.3.4:4321", "http://1.2.3.4:4321")]
    [InlineData("https://1.2.3.4", "https://1.2.3.4:443")]
    [InlineData("https://1.2.3.4:4321", "https://1.2.3.4:4321")]
    [InlineData("http://", "http://127.0.0.1:80")]
    [InlineData("http://:1234", "http://:1234")]
    [InlineData("https://example.com/ollama", "https://example.com:443/ollama")]
    [InlineData("example.com:80/a/b", "http://example.com:80/a/b")]
    [InlineData("localhost/", "http://localhost:11434")]
    [InlineData("unix://h", "unix://h:11434")]
    public void ReadsAddresses(string? text, string expected)
    {
        (OllamaHost host, IReadOnlyList<string> warnings) = Read(text);
        Assert.Equal(expected, host.ToString());
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData(":66000", "http://:11434", "port 11434")]
    [InlineData(":-1", "http://:11434", "port 11434")]
    [InlineData("1.2.3.4:", "http://1.2.3.4:11434", "port 11434")]
    [InlineData("1.2.3.4:http", "http://1.2.3.4:11434", "port 11434")]
    [InlineData("http://1.2.3.4:70000", "http://1.2.3.4:80", "port 80")]
    [InlineData("https://[::1]:x", "https://[::1]:443", "port 443")]
    public void ABadPortLeavesTheDefaultAndAWarning(string text, string expected, string used)
    {
        (OllamaHost host, IReadOnlyList<string> warnings) = Read(text);
        Assert.Equal(expected, host.ToString());
        Assert.Equal($"OLLAMA_HOST is \"{text}\", which is not an address with a port from 0 to 65535; {used} is used.", Assert.Single(warnings));
    }

    private static (OllamaHost Host, IReadOnlyList<string> Warnings) Read(string? text)
    {
        EnvironmentReader reader = new(name => name == "OLLAMA_HOST" ? text : null);
        return (OllamaHost.Read(reader), reader.Warnings);
    }
}
