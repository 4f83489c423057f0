using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Sampling;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// Has the runtime compile what a model computes with while the rest of it is still being read: evaluates a few tokens, on a thread of its own,
/// with a model of the same kinds of blocks, formats and heads that is a few hundred numbers wide. Its weights are the first bytes of the real ones.
/// </summary>
internal sealed class KernelWarmUp : IDisposable
{
    // Whole blocks of every format.
    private const int Width = 256;
    private const int VocabularySize = 64;

    // More than one tile of tokens for every kernel, with some left over.
    private const int PromptTokens = 23;

    private readonly Thread _thread;

    /// <summary>Starts.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="weights">The model's weights; must outlive this.</param>
    /// <param name="options">How it will compute.</param>
    public KernelWarmUp(TransformerConfig config, TransformerWeights weights, ModelOptions options)
    {
        _thread = new Thread(() => Run(config, weights, options)) { IsBackground = true, Name = "kernel warm-up" };
        _thread.Start();
    }

    /// <summary>What stopped it early. The first prompt meets the same obstacle, and tells it in its own way.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Waits for the end.</summary>
    public void Dispose() => _thread.Join();

    private void Run(TransformerConfig config, TransformerWeights weights, ModelOptions options)
    {
        try
        {
            using WorkerPool alone = new(1);
            TransformerWeights narrow = Narrow(weights, NarrowWidth(config.EmbeddingLength), NarrowWidth(config.FeedForwardLength));
            using DecoderTransformer transformer = new(
                config with
                {
                    BlockCount = narrow.Blocks.Count,
                    EmbeddingLength = narrow.TokenEmbd.Columns,
                    FeedForwardLength = narrow.Blocks[0].FfnGate.Rows,
                    VocabularySize = narrow.TokenEmbd.Rows,
                },
                narrow, new CpuOps(options.Simd, alone), options.Activations, PromptTokens);
            using SequenceDecoder decoder = new(transformer, options.KeyValueType, PromptTokens + 1);
            decoder.Evaluate([.. Enumerable.Range(0, PromptTokens).Select(i => i % narrow.TokenEmbd.Rows)], CancellationToken.None);
            decoder.Evaluate([0], CancellationToken.None);
            Sample();
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    private static void Sample()
    {
        float[] logits = [.. Enumerable.Range(0, VocabularySize).Select(i => i % 7f)];
        new Sampler(new SamplingOptions { Temperature = 0 }, VocabularySize).Sample(logits);
        Sampler sampler = new(new SamplingOptions { RepeatPenalty = 1.1f }, VocabularySize);
        sampler.Accept(sampler.Sample(logits));
    }

    private static int NarrowWidth(int width) => Math.Min(width, Width);

    private static TransformerWeights Narrow(TransformerWeights weights, int embedding, int feedForward) => new()
    {
        TokenEmbd = View(weights.TokenEmbd, VocabularySize, embedding),
        OutputNorm = Norm(embedding),
        Output = View(weights.Output, VocabularySize, embedding),
        RopeFreqs = weights.RopeFreqs,
        Classifier = null,
        Blocks = [.. weights.Blocks.DistinctBy(Formats).Select(block => Narrow(block, embedding, feedForward))],
    };

    /// <summary>What kernels a block needs: files mix formats between blocks.</summary>
    private static (GgmlType, GgmlType, GgmlType, GgmlType, GgmlType, GgmlType, GgmlType) Formats(BlockWeights block) =>
        (block.AttnQ.Type, block.AttnK.Type, block.AttnV.Type, block.AttnOutput.Type, block.FfnGate.Type, block.FfnUp.Type, block.FfnDown.Type);

    private static BlockWeights Narrow(BlockWeights block, int embedding, int feedForward) => new()
    {
        AttnNorm = Norm(embedding),
        AttnQ = View(block.AttnQ, block.AttnQ.Rows, embedding),
        AttnK = View(block.AttnK, block.AttnK.Rows, embedding),
        AttnV = View(block.AttnV, block.AttnV.Rows, embedding),
        AttnQBias = block.AttnQBias,
        AttnKBias = block.AttnKBias,
        AttnVBias = block.AttnVBias,
        AttnQNorm = block.AttnQNorm,
        AttnKNorm = block.AttnKNorm,
        AttnOutput = View(block.AttnOutput, embedding, block.AttnOutput.Columns),
        AttnOutputBias = block.AttnOutputBias.Length > 0 ? block.AttnOutputBias[..embedding] : [],
        FfnNorm = Norm(embedding),
        FfnGate = View(block.FfnGate, feedForward, embedding),
        FfnUp = View(block.FfnUp, feedForward, embedding),
        FfnDown = View(block.FfnDown, embedding, feedForward),
    };

    /// <summary>A matrix no larger in any direction, cut out of the first bytes of another: any stretch of whole blocks is one.</summary>
    private static unsafe WeightMatrix View(in WeightMatrix matrix, int rows, int columns) =>
        new(matrix.Type, Math.Min(rows, matrix.Rows), columns, matrix.Data);

    /// <summary>Weights of a norm after which one value stands out, so that outliers have their turn too.</summary>
    private static float[] Norm(int length)
    {
        float[] weights = new float[length];
        Array.Fill(weights, 1f);
        weights[0] = 1000f;
        return weights;
    }
}
