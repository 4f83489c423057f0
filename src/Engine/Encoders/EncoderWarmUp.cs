using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Encoders;

/// <summary>
/// Has the runtime compile what an encoder computes with, and the weights come into memory, while its vocabulary is still being read: evaluates a few
/// tokens, on a thread of its own.
/// </summary>
internal sealed class EncoderWarmUp : IDisposable
{
    // More than one tile of tokens for every kernel, with some left over, in sequences of several lengths.
    private static readonly int[] s_lengths = [1, 5, 17];

    private readonly Thread _thread;

    /// <summary>Starts.</summary>
    /// <param name="transformer">Computes; nobody else may meanwhile.</param>
    public EncoderWarmUp(EncoderTransformer transformer)
    {
        _thread = new Thread(() => Run(transformer)) { IsBackground = true, Name = "encoder warm-up" };
        _thread.Start();
    }

    /// <summary>What stopped it early. The first request meets the same obstacle, and tells it in its own way.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Waits for the end.</summary>
    public void Dispose() => _thread.Join();

    private void Run(EncoderTransformer transformer)
    {
        try
        {
            int[] lengths = [.. s_lengths.Select(length => Math.Min(length, transformer.Config.ContextLength))];
            Pooled.Of(transformer.Config.PoolingType, transformer.Forward(new int[lengths.Sum()], lengths), transformer.Config.EmbeddingLength);
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }
}
