namespace LocalLlm.Peers.Embeddings;

/// <summary>A side with what is known of it.</summary>
/// <param name="Name">For tables: <c>in process</c> or <c>HTTP</c>; <c>llama.cpp</c> for the peer.</param>
/// <param name="Format">Of the weights.</param>
/// <param name="Side">It.</param>
internal sealed record Contender(string Name, string Format, IEmbedSide Side)
{
    private readonly List<double> _milliseconds = [];

    /// <summary>Version and settings, once prepared.</summary>
    public string Description { get; private set; } = "";

    /// <summary>Tokens of all texts, once prepared.</summary>
    public int Tokens { get; private set; }

    /// <summary>Samples that were disturbed.</summary>
    public int Disturbed { get; private set; }

    /// <summary>Time of each sample.</summary>
    public IReadOnlyList<double> Milliseconds => _milliseconds;

    /// <summary>Begins a row.</summary>
    public void Prepare(string[] texts, EmbedLoad load)
    {
        _milliseconds.Clear();
        Disturbed = 0;
        (Description, Tokens) = Side.Prepare(texts, load);
    }

    /// <summary>Keeps a sample.</summary>
    public void Add(double milliseconds, bool disturbed)
    {
        _milliseconds.Add(milliseconds);
        Disturbed += disturbed ? 1 : 0;
    }
}
