namespace LocalLlm.Peers.Embeddings;

/// <summary>A work of the table: texts of one kind that come in one way.</summary>
/// <param name="Name">Name of the row; rows are found by it.</param>
/// <param name="Texts">How many texts.</param>
/// <param name="Tokens">Tokens of a text, the special ones included.</param>
/// <param name="Spread">Texts are up to so many tokens shorter or longer.</param>
/// <param name="Load">How they come.</param>
/// <param name="Q8Target">So many times the peer's speed is to be reached with Q8_0; null for none.</param>
/// <param name="F16Target">The same with F16.</param>
internal sealed record EmbedRow(string Name, int Texts, int Tokens, int Spread, EmbedLoad Load, double? Q8Target = null, double? F16Target = null)
{
    /// <summary>All rows, in the order of measuring.</summary>
    public static IReadOnlyList<EmbedRow> All { get; } =
    [
        new("1,000 sentences in one request", 1000, 30, 8, EmbedLoad.Together, 3.0, 1.5),
        new("40 texts of 300 tokens in one request", 40, 300, 0, EmbedLoad.Together, 2.0, 1.3),
        new("24 texts of 512 tokens in one request", 24, 512, 0, EmbedLoad.Together),
        new("one sentence after the other", 100, 30, 8, EmbedLoad.Alone, 1.2, 1.2),
        new("one text of 300 tokens after the other", 20, 300, 0, EmbedLoad.Alone, 2.0, 1.3),
        new("8 clients, one sentence each", 320, 30, 8, new EmbedLoad(8, 1)),
    ];

    /// <summary>What is to be reached with a file.</summary>
    /// <param name="f16">Whether it is the F16 one.</param>
    public double? Target(bool f16) => f16 ? F16Target : Q8Target;
}
