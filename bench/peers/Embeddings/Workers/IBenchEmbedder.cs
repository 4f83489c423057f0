namespace LocalLlm.Peers.Embeddings.Workers;

/// <summary>Texts to vectors in one engine, with a loaded model.</summary>
internal interface IBenchEmbedder : IDisposable
{
    /// <summary>Version and settings in force for the texts that were prepared.</summary>
    string Description { get; }

    /// <summary>Takes the texts of a row, finds out what serves them best, and warms up with them.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="load">How they come.</param>
    /// <returns>Tokens of all texts.</returns>
    int Prepare(string[] texts, EmbedLoad load);

    /// <summary>Embeds all texts once, as they come; vectors are dropped.</summary>
    void Run();

    /// <summary>The vectors of the first texts; of any length.</summary>
    float[][] Vectors(int count);
}
