using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LocalLlm.Engine.Sampling;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Synthesis;

/// <summary>
/// Draws quantized weights directly as blocks: random quants and scales of parts, and a block scale that gives the weights their standard
/// deviation. Each block's scale is off by up to a quarter, as scales of real weights differ too. Pieces come in order.
/// </summary>
internal sealed class SyntheticBlocks
{
    // Standard deviations of a weight whose block scale is 1, from the formulas in src/Quant with uniformly drawn fields:
    // Q8_0: q in -127..127. Q6_K: scale in -128..127, (q - 32) in -32..31.
    private const float Q8_0Deviation = 73.6f;
    private const float Q6_KDeviation = 1365.7f;

    // Q4_K: with DMin = 7.5 * D, the mean of q, the weights have the mean 0: d * sqrt(E[s^2] * E[q^2] - (E[s] * E[q])^2 + 7.5^2 * Var(m)).
    private const float Q4_KDeviation = 258.3f;
    private const float MeanQuant = 7.5f;

    private readonly GgmlType _type;
    private readonly float _deviation;
    private readonly ulong _seed;
    private Xoshiro256 _random;

    /// <summary>Prepares to draw a tensor.</summary>
    /// <param name="type">Q8_0, Q4_K or Q6_K.</param>
    /// <param name="deviation">Standard deviation of its weights.</param>
    /// <param name="seed">Same seed, same weights.</param>
    public SyntheticBlocks(GgmlType type, float deviation, ulong seed)
    {
        _type = type;
        _deviation = deviation;
        _seed = seed;
    }

    /// <summary>Draws a piece (<see cref="GgufTensorSource"/>).</summary>
    public void Fill(long offset, Span<byte> piece)
    {
        if (offset == 0)
        {
            _random = new Xoshiro256(_seed);
        }
        FillRandom(piece);
        switch (_type)
        {
            case GgmlType.Q8_0:
                FinishQ8_0(piece);
                break;
            case GgmlType.Q4_K:
                FinishQ4_K(MemoryMarshal.Cast<byte, BlockQ4_K>(piece));
                break;
            case GgmlType.Q6_K:
                FinishQ6_K(MemoryMarshal.Cast<byte, BlockQ6_K>(piece));
                break;
            default:
                throw new NotSupportedException($"Weights of the type {GgmlTypes.Name(_type)} are not drawn.");
        }
    }

    private void FillRandom(Span<byte> piece)
    {
        Xoshiro256 random = _random; // in registers
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(piece);
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = random.Next();
        }
        Span<byte> rest = piece[(words.Length * sizeof(ulong))..];
        ulong last = random.Next();
        for (int i = 0; i < rest.Length; i++)
        {
            rest[i] = (byte)(last >> (8 * i));
        }
        _random = random;
    }

    private void FinishQ8_0(Span<byte> piece)
    {
        // Quantizers write no -128, and the products of some engines rely on it. Scales are written afterwards, so whole vectors may be cut.
        Span<Vector128<sbyte>> vectors = MemoryMarshal.Cast<byte, Vector128<sbyte>>(piece);
        Vector128<sbyte> least = Vector128.Create<sbyte>(-127);
        foreach (ref Vector128<sbyte> vector in vectors)
        {
            vector = Vector128.Max(vector, least);
        }
        foreach (ref byte value in piece[(vectors.Length * Vector128<sbyte>.Count)..])
        {
            value = (byte)Math.Max((sbyte)value, (sbyte)-127);
        }
        foreach (ref BlockQ8_0 block in MemoryMarshal.Cast<byte, BlockQ8_0>(piece))
        {
            block.D = (Half)Scale(Q8_0Deviation);
        }
    }

    private void FinishQ4_K(Span<BlockQ4_K> blocks)
    {
        foreach (ref BlockQ4_K block in blocks)
        {
            float d = Scale(Q4_KDeviation);
            block.D = (Half)d;
            block.DMin = (Half)(MeanQuant * d);
        }
    }

    private void FinishQ6_K(Span<BlockQ6_K> blocks)
    {
        foreach (ref BlockQ6_K block in blocks)
        {
            block.D = (Half)Scale(Q6_KDeviation);
        }
    }

    private float Scale(float deviationOfBlock) => _deviation / deviationOfBlock * (0.75f + 0.5f * (float)_random.NextDouble());
}
