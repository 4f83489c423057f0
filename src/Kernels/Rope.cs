using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021): turns pairs of a head's numbers by the token's angles. a' = fma(a, cos, -(b * sin)),
/// b' = fma(a, sin, b * cos). One token is the unit of work.
/// </summary>
internal static unsafe class Rope
{
    /// <summary>Turns one head in the pairing (i, i + d/2); cos and sin are [d/2].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void TurnHalves<TLanes>(float* head, float* cos, float* sin, int ropeDim)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        int half = ropeDim / 2, i = 0;
        for (; i + TLanes.Count <= half; i += TLanes.Count)
        {
            TLanes a = TLanes.Load(head + i), b = TLanes.Load(head + half + i), c = TLanes.Load(cos + i), s = TLanes.Load(sin + i);
            TLanes.Fma(a, c, -(b * s)).Store(head + i);
            TLanes.Fma(a, s, b * c).Store(head + half + i);
        }
        for (; i < half; i++)
        {
            (head[i], head[half + i]) = Turn(head[i], head[half + i], cos[i], sin[i]);
        }
    }

    /// <summary>Turns one head in the pairing (2i, 2i + 1), the plain text; cos and sin are [d/2].</summary>
    public static void TurnAdjacent(float* head, float* cos, float* sin, int ropeDim)
    {
        for (int i = 0; i < ropeDim / 2; i++)
        {
            (head[2 * i], head[(2 * i) + 1]) = Turn(head[2 * i], head[(2 * i) + 1], cos[i], sin[i]);
        }
    }

    /// <summary>
    /// Turns one head in the pairing (2i, 2i + 1). With forA = (cos0, sin0, cos1, ...) and forB = (-sin0, cos0, -sin1, ...), both
    /// [ropeDim], every number of the result is fma(a, forA, b * forB); negating a factor or a product gives the same bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void TurnAdjacent<TLanes>(float* head, float* forA, float* forB, int ropeDim)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= ropeDim; i += TLanes.Count)
        {
            TLanes pairs = TLanes.Load(head + i);
            TLanes.Fma(pairs.DuplicateEven(), TLanes.Load(forA + i), pairs.DuplicateOdd() * TLanes.Load(forB + i)).Store(head + i);
        }
        for (; i < ropeDim; i += 2)
        {
            (head[i], head[i + 1]) = Turn(head[i], head[i + 1], forA[i], forA[i + 1]);
        }
    }

    /// <summary>The law, for one pair.</summary>
    private static (float A, float B) Turn(float a, float b, float cos, float sin) =>
        (MathF.FusedMultiplyAdd(a, cos, -(b * sin)), MathF.FusedMultiplyAdd(a, sin, b * cos));
}

/// <summary>What the jobs of both pairings work on.</summary>
internal unsafe struct RopeCall
{
    /// <summary>Turned in place, [tokens, Heads, HeadDim].</summary>
    public float* X;

    /// <summary>Per token the cosines, then the sines, [tokens, RopeDim].</summary>
    public float* CosSin;

    /// <summary>Heads of a token.</summary>
    public int Heads;

    /// <summary>Numbers of a head.</summary>
    public int HeadDim;

    /// <summary>Numbers of a head that turn, the first ones; even.</summary>
    public int RopeDim;

    /// <summary>One head of one token.</summary>
    public readonly float* Head(int token, int head) => X + ((((long)token * Heads) + head) * HeadDim);

    /// <summary>The cosines of one token, [RopeDim / 2].</summary>
    public readonly float* Cos(int token) => CosSin + ((long)token * RopeDim);

    /// <summary>The sines of one token, [RopeDim / 2].</summary>
    public readonly float* Sin(int token) => Cos(token) + (RopeDim / 2);
}

/// <summary><see cref="RopePairing.Halves"/> at any level.</summary>
internal unsafe struct RopeHalvesJob<TLanes> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    /// <summary>The arguments.</summary>
    public RopeCall Call;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        for (int token = begin; token < end; token++)
        {
            for (int head = 0; head < Call.Heads; head++)
            {
                Rope.TurnHalves<TLanes>(Call.Head(token, head), Call.Cos(token), Call.Sin(token), Call.RopeDim);
            }
        }
    }
}

/// <summary><see cref="RopePairing.Adjacent"/> at the scalar level.</summary>
internal unsafe struct ScalarRopeAdjacentJob : IParallelJob
{
    /// <summary>The arguments.</summary>
    public RopeCall Call;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        for (int token = begin; token < end; token++)
        {
            for (int head = 0; head < Call.Heads; head++)
            {
                Rope.TurnAdjacent(Call.Head(token, head), Call.Cos(token), Call.Sin(token), Call.RopeDim);
            }
        }
    }
}

/// <summary><see cref="RopePairing.Adjacent"/> at the vector levels: the factors are interleaved once for all heads of a token.</summary>
internal unsafe struct RopeAdjacentJob<TLanes> : IParallelJob
    where TLanes : unmanaged, ILanes16<TLanes>
{
    /// <summary>The arguments.</summary>
    public RopeCall Call;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        float* forA = stackalloc float[2 * Call.RopeDim], forB = forA + Call.RopeDim;
        for (int token = begin; token < end; token++)
        {
            for (int i = 0; i < Call.RopeDim / 2; i++)
            {
                float cos = Call.Cos(token)[i], sin = Call.Sin(token)[i];
                (forA[2 * i], forA[(2 * i) + 1]) = (cos, sin);
                (forB[2 * i], forB[(2 * i) + 1]) = (-sin, cos);
            }
            for (int head = 0; head < Call.Heads; head++)
            {
                Rope.TurnAdjacent<TLanes>(Call.Head(token, head), forA, forB, Call.RopeDim);
            }
        }
    }
}
