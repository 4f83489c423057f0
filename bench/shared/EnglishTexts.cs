using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Bench.Shared;

/// <summary>English texts of any length in tokens, from the sentences that the tests search.</summary>
internal sealed class EnglishTexts
{
    private const int SpecialTokens = 2;
    private const int Stride = 5; // shares no divisor with the numbers of lengths in use, so that all lengths come
    private readonly string[][] _sentences;
    private readonly Tokenizer _tokenizer;

    /// <summary>Reads the sentences.</summary>
    /// <param name="model">A GGUF file of an encoder, whose vocabulary counts.</param>
    public EnglishTexts(string model)
    {
        _sentences = [.. File.ReadLines(Checkout.File("tests", "Vectors", "embeddings", "sentences.txt")).Select(line => line.Split(' '))];
        using GgufFile file = GgufFile.Open(model);
        _tokenizer = Tokenizer.Load(file.Metadata);
    }

    /// <summary>Texts, all different, always the same.</summary>
    /// <param name="count">How many.</param>
    /// <param name="tokens">Tokens of a text, the special ones included; where a word does not fit, it is one or two fewer.</param>
    /// <param name="spread">Texts are up to so many tokens shorter or longer, one like the other.</param>
    public string[] Make(int count, int tokens, int spread = 0) =>
        [.. Enumerable.Range(0, count).Select(i => Text(i, tokens - spread + (i * Stride % ((2 * spread) + 1))))];

    /// <summary>Words from a sentence on, as many as fit; in the next round through the sentences the first words are left out.</summary>
    private string Text(int index, int tokens)
    {
        const int wordsLeftOut = 3;
        IEnumerable<string> words = Enumerable.Range(index % _sentences.Length, _sentences.Length)
            .SelectMany(sentence => _sentences[sentence % _sentences.Length]).Skip(index / _sentences.Length * wordsLeftOut);
        int left = tokens - SpecialTokens;
        return string.Join(' ', words.TakeWhile(word => (left -= _tokenizer.Encode(word, addSpecial: false, parseSpecial: false).Length) >= 0));
    }
}
