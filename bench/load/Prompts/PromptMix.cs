using LocalLlm.Load.Http;

namespace LocalLlm.Load.Prompts;

/// <summary>Prompts whose lengths in tokens are spread evenly over a range. The server counts the tokens: how many a word takes is asked once.</summary>
internal sealed class PromptMix
{
    private const int ProbeWords = 200;

    private readonly RandomWords _words;
    private readonly MixSettings _settings;
    private readonly double _tokensPerWord;
    private int _next;

    private PromptMix(RandomWords words, MixSettings settings, double tokensPerWord) => (_words, _settings, _tokensPerWord) = (words, settings, tokensPerWord);

    /// <summary>Prepares prompts for a server's model.</summary>
    public static async Task<PromptMix> CreateAsync(TargetServer server, MixSettings settings, CancellationToken cancellationToken)
    {
        RandomWords words = new(settings.Seed);
        StreamedAnswer probe = await server.GenerateAsync(new PromptCase(words.Next(ProbeWords), 1, 0, 0), cancellationToken);
        return probe.PromptTokens > 0
            ? new PromptMix(words, settings, (double)probe.PromptTokens / ProbeWords)
            : throw new InvalidOperationException($"The server did not evaluate a prompt of {ProbeWords} words: {probe.Error ?? $"status {probe.Status}"}");
    }

    /// <summary>The next prompt.</summary>
    public PromptCase Next() =>
        new(Text(_words.Between(_settings.LeastTokens, _settings.MostTokens)), _settings.Generate, _settings.Temperature, _settings.Seed + _next++);

    /// <summary>A text of about so many tokens.</summary>
    public string Text(int tokens) => _words.Next(Math.Max(1, (int)Math.Round(tokens / _tokensPerWord)));
}

/// <summary>What prompts shall be like.</summary>
/// <param name="LeastTokens">The shortest.</param>
/// <param name="MostTokens">The longest.</param>
/// <param name="Generate">Tokens to generate.</param>
/// <param name="Temperature">Of the sampling.</param>
/// <param name="Seed">Same seed, same prompts.</param>
internal sealed record MixSettings(int LeastTokens, int MostTokens, int Generate, double Temperature, int Seed)
{
    /// <summary>For titles.</summary>
    public string Name => LeastTokens == MostTokens ? $"prompts of {LeastTokens:N0} tokens" : $"prompts of {LeastTokens} to {MostTokens} tokens";
}
