using LocalLlm.Peers.Embeddings.Workers;
using LocalLlm.Peers.Workers;

namespace LocalLlm.Peers.Embeddings;

/// <summary>An engine without a server, in a worker.</summary>
internal sealed class WorkerSide(WorkerSettings settings) : IEmbedSide
{
    private readonly WorkerProcess _worker = new(settings, "embed-worker");

    /// <inheritdoc/>
    public double CpuSeconds => _worker.CpuSeconds;

    /// <inheritdoc/>
    public (string Description, int Tokens) Prepare(string[] texts, EmbedLoad load)
    {
        EmbedAnswer answer = Do(new EmbedOrder("prepare") { Texts = texts, Load = load });
        return (answer.Description!, answer.Tokens);
    }

    /// <inheritdoc/>
    public double Run() => Do(new EmbedOrder("run")).Milliseconds;

    /// <inheritdoc/>
    public float[][] Vectors(int count) => Do(new EmbedOrder("vectors") { Count = count }).Vectors!;

    /// <inheritdoc/>
    public void Dispose() => _worker.Dispose();

    private EmbedAnswer Do(EmbedOrder order) => _worker.Do<EmbedOrder, EmbedAnswer>(order);
}
