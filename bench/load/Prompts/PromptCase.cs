using System.Globalization;
using System.Text.Json;

namespace LocalLlm.Load.Prompts;

/// <summary>A raw prompt with options under which its answer is the same every time.</summary>
/// <param name="Text">The prompt, continued verbatim.</param>
/// <param name="Generate">Tokens to generate.</param>
/// <param name="Temperature">0 for the likeliest token at each place.</param>
/// <param name="Seed">Of the sampling.</param>
internal sealed record PromptCase(string Text, int Generate, double Temperature, int Seed)
{
    /// <summary>The request for <c>/api/generate</c>.</summary>
    public string Body(string model) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"model":{{{Quote(model)}}},"prompt":{{{Quote(Text)}}},"raw":true,"stream":true,"options":{"temperature":{{{Temperature}}},"seed":{{{Seed}}},"num_predict":{{{Generate}}}}}""");

    /// <summary>A text as JSON.</summary>
    public static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
