using System.Diagnostics.CodeAnalysis;

namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// Cuts text into the pieces ("words") that byte-level BPE never merges across, as <c>tokenizer.ggml.pre</c> names it. Several stages
/// cut one after the other, each within the pieces of the one before.
/// </summary>
internal sealed class PreTokenizer
{
    // The names that share a pattern are those of llama.cpp's converter, which gives every new model family its own.
    private static readonly PreTokenizer[] All =
    [
        new("default", [new PunctuationStage(), new Gpt2Stage(), new NumberStage(single: false), new DigitTripleStage()]),
        new("gpt-2", [new Gpt2Stage()], "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "gigachat", "a.x-4.0", "mellum"),
        new("smollm", [new NumberStage(single: true), new Gpt2Stage()], "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"),
        new("qwen2", [new WordStage(digits: 1)], "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "kormo", "solar-open", "grok-2"),
        new("llama-bpe", [new WordStage(digits: 3)], "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2")
        {
            TakesWholeWords = true,
            AddsBos = true,
        },
        new("smaug-bpe", [new WordStage(digits: 3)], "dbrx", "glm4", "chatglm-bpe"),
    ];

    private readonly SplitStage[] _stages;
    private readonly string[] _names;

    private PreTokenizer(string name, SplitStage[] stages, params string[] aliases)
    {
        _stages = stages;
        _names = [name, .. aliases];
    }

    /// <summary>Every name that <see cref="TryGet"/> knows.</summary>
    public static IEnumerable<string> Names => All.SelectMany(preTokenizer => preTokenizer._names);

    /// <summary>Whether a piece that is a token as it stands is taken whole, whatever the merges say (<c>ignore_merges</c> of Llama 3).</summary>
    public bool TakesWholeWords { get; private init; }

    /// <summary>Whether a text begins with the BOS token where the file does not say.</summary>
    public bool AddsBos { get; private init; }

    /// <summary>Finds a pre-tokenizer by one of its names.</summary>
    public static bool TryGet(string name, [NotNullWhen(true)] out PreTokenizer? preTokenizer)
    {
        preTokenizer = Array.Find(All, candidate => candidate._names.Contains(name, StringComparer.Ordinal));
        return preTokenizer is not null;
    }

    /// <summary>Appends the end offset of every piece of a well-formed UTF-8 text, in order; the last is the text's length.</summary>
    public void Split(ReadOnlySpan<byte> text, List<int> ends) => Split(text, 0, 0, ends);

    private void Split(ReadOnlySpan<byte> text, int start, int stage, List<int> ends)
    {
        while (start < text.Length)
        {
            int end = _stages[stage].PieceEnd(text, start);
            if (stage + 1 == _stages.Length)
            {
                ends.Add(end);
            }
            else
            {
                Split(text[..end], start, stage + 1, ends);
            }
            start = end;
        }
    }
}
