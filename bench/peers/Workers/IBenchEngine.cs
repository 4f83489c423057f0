namespace LocalLlm.Peers.Workers;

/// <summary>One sequence in one engine, with a loaded model.</summary>
internal interface IBenchEngine : IDisposable
{
    /// <summary>Number of tokens in the vocabulary.</summary>
    int VocabularySize { get; }

    /// <summary>Version and settings in force.</summary>
    string Description { get; }

    /// <summary>Bytes of the key and value cache for all positions; 0 if the engine does not tell.</summary>
    long CacheBytes { get; }

    /// <summary>Evaluates tokens that follow what is cached, and gives the likeliest next one, found among the logits of the last.</summary>
    int Evaluate(ReadOnlySpan<int> tokens);

    /// <summary>Forgets all from a position on.</summary>
    void Truncate(int position);
}
