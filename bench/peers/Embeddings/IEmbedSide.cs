namespace LocalLlm.Peers.Embeddings;

/// <summary>One of those that are compared: an engine with a file, in a process of its own.</summary>
internal interface IEmbedSide : IDisposable
{
    /// <summary>Processor time that it has used so far, in seconds.</summary>
    double CpuSeconds { get; }

    /// <summary>Takes the texts of a row and warms up with them.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="load">How they come.</param>
    /// <returns>Version and settings, and tokens of all texts.</returns>
    (string Description, int Tokens) Prepare(string[] texts, EmbedLoad load);

    /// <summary>Embeds all texts once; gives milliseconds.</summary>
    double Run();

    /// <summary>The vectors of the first texts.</summary>
    float[][] Vectors(int count);
}
