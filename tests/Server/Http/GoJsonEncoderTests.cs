using System.Text.Json;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Tests.Http;

public sealed class GoJsonEncoderTests
{
    private static readonly JsonSerializerOptions s_options = new() { Encoder = GoJsonEncoder.Instance };

    [Theory]
    [InlineData("plain é 你 😀 \u007f \ue000", "plain é 你 😀 \u007f \ue000")]
    [InlineData("<a href='x'>&amp;</a>", @"\u003ca href='x'\u003e\u0026amp;\u003c/a\u003e")]
    [InlineData("\"\\\b\f\n\r\t", """\"\\\b\f\n\r\t""")]
    [InlineData("\u0000\u001f\u2028\u2029`+", @"\u0000\u001f\u2028\u2029`+")]
    public void EscapesAsGoDoes(string text, string escaped)
    {
        string json = JsonSerializer.Serialize(text, s_options);
        Assert.Equal($"\"{escaped}\"", json);
        Assert.Equal(text, JsonSerializer.Deserialize<string>(json));
    }
}
