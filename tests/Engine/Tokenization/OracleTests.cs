using System.Text.Json;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>Published vocabularies, written to GGUF, against the ids that the vocabularies' own JavaScript library gives.</summary>
public class OracleTests
{
    public static TheoryData<string> Files => OracleTheoryAttribute.Folder is { } folder
        ? [.. Directory.GetFiles(folder, "*.json").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)]
        : [];

    [OracleTheory]
    [MemberData(nameof(Files))]
    public void IdsAreThoseOfTheVocabularysOwnLibrary(string file)
    {
        using FileStream stream = File.OpenRead(Path.Combine(OracleTheoryAttribute.Folder!, file));
        Oracle oracle = JsonSerializer.Deserialize<Oracle>(stream, JsonSerializerOptions.Web)!;
        Assert.True(oracle.Cases.Length >= 300, $"{file} has {oracle.Cases.Length} strings");
        Tokenizer tokenizer = LoadThroughFile(oracle);
        Assert.All(oracle.Cases, one =>
        {
            Assert.Equal(one.Ids, tokenizer.Encode(one.Text, addSpecial: false, parseSpecial: true));
            Assert.Equal(one.Text, tokenizer.Decode(one.Ids));
        });
    }

    private static Tokenizer LoadThroughFile(Oracle oracle)
    {
        string path = Path.GetTempFileName();
        try
        {
            VocabularyFile file = new()
            {
                Model = oracle.Model,
                Pre = oracle.Pre,
                Tokens = oracle.Tokens,
                Types = oracle.Types,
                Scores = oracle.Scores,
                Merges = oracle.Merges,
                BosTokenId = oracle.BosTokenId,
                EosTokenId = oracle.EosTokenId,
                UnknownTokenId = oracle.UnknownTokenId,
                AddSpacePrefix = oracle.AddSpacePrefix,
            };
            file.ToGguf().Write(path);
            return GoldenTokenizers.LoadFile(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    // What generate.mjs writes.
    private sealed record Oracle(
        string Model,
        string? Pre,
        string[] Tokens,
        int[] Types,
        float[]? Scores,
        string[]? Merges,
        int? BosTokenId,
        int? EosTokenId,
        int? UnknownTokenId,
        bool? AddSpacePrefix,
        TokenizerCase[] Cases);
}
