namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    private const int MaxRopeDim = 4096; // the interleaved factors of a token lie on a worker's stack

    /// <summary>Rotary position embedding, in place: turns the first <paramref name="ropeDim"/> numbers of every head, leaves the rest.</summary>
    /// <param name="x">Queries or keys, [tokens, heads, headDim].</param>
    /// <param name="cosSin">Per token the ropeDim / 2 cosines, then the sines, [tokens, ropeDim].</param>
    /// <param name="tokens">Tokens of the batch.</param>
    /// <param name="heads">Heads of a token.</param>
    /// <param name="headDim">Numbers of a head.</param>
    /// <param name="ropeDim">Even, at most headDim.</param>
    /// <param name="pairing">Which numbers turn together.</param>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public void Rope(Span<float> x, ReadOnlySpan<float> cosSin, int tokens, int heads, int headDim, int ropeDim, RopePairing pairing)
    {
        if (ropeDim < 0 || ropeDim % 2 != 0 || ropeDim > Math.Min(headDim, MaxRopeDim))
        {
            throw new ArgumentException($"RoPE turns an even number of a head's {headDim} numbers and at most {MaxRopeDim}, not {ropeDim}.", nameof(ropeDim));
        }
        RequireLength(x.Length, (long)tokens * heads * headDim, nameof(x));
        RequireLength(cosSin.Length, (long)tokens * ropeDim, nameof(cosSin));
        fixed (float* xs = x, factors = cosSin)
        {
            RopeCall call = new() { X = xs, CosSin = factors, Heads = heads, HeadDim = headDim, RopeDim = ropeDim };
            switch (_intrinsics)
            {
                case SimdLevel.Scalar when pairing == RopePairing.Adjacent:
                    For(new ScalarRopeAdjacentJob { Call = call }, tokens, heads * headDim);
                    break;
                case SimdLevel.Scalar:
                    For(new RopeHalvesJob<ScalarLane> { Call = call }, tokens, heads * headDim);
                    break;
                case SimdLevel.Avx512:
                    RopeLanes<Avx512Lanes>(call, tokens, pairing);
                    break;
                default:
                    RopeLanes<Avx2Lanes>(call, tokens, pairing);
                    break;
            }
        }
    }

    private void RopeLanes<TLanes>(RopeCall call, int tokens, RopePairing pairing)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        if (pairing == RopePairing.Adjacent)
        {
            For(new RopeAdjacentJob<TLanes> { Call = call }, tokens, call.Heads * call.HeadDim);
        }
        else
        {
            For(new RopeHalvesJob<TLanes> { Call = call }, tokens, call.Heads * call.HeadDim);
        }
    }
}
