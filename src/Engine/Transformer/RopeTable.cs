namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The angles of rotary position embedding (Su et al. 2021, arXiv:2104.09864): pair i of n turns by position * freq[i], with
/// freq[i] = base^(-2i / dimensions), divided by Llama 3's factors and stretched as <see cref="RopeScaling"/> says.
/// </summary>
public sealed class RopeTable
{
    private readonly double[] _frequencies;      // [dimensions / 2], radians per position
    private readonly double _magnitude;          // factor on cosine and sine (YaRN's attention factor)

    /// <summary>Works out the frequencies.</summary>
    /// <param name="config">Dimensions, base and scaling.</param>
    /// <param name="factors">Contents of <c>rope_freqs.weight</c>, one divisor per pair; empty if the model has none.</param>
    public RopeTable(TransformerConfig config, ReadOnlySpan<float> factors)
    {
        int dimensions = config.RopeDimensionCount;
        _frequencies = new double[dimensions / 2];
        for (int i = 0; i < _frequencies.Length; i++)
        {
            double divisor = factors.IsEmpty ? 1.0 : factors[i];
            _frequencies[i] = Math.Pow(config.RopeFreqBase, -2.0 * i / dimensions) / divisor;
        }

        RopeScaling scaling = config.RopeScaling;
        _magnitude = 1.0;
        if (scaling.Type == RopeScalingType.Linear)
        {
            for (int i = 0; i < _frequencies.Length; i++)
            {
                _frequencies[i] /= scaling.Factor;
            }
        }
        else if (scaling.Type == RopeScalingType.Yarn && scaling.Factor != 1f)
        {
            StretchByYarn(config);
            _magnitude = (1.0 + (0.1 * Math.Log(scaling.Factor))) * scaling.AttnFactor;
        }
    }

    /// <summary>Elements of a head that are rotated.</summary>
    public int Dimensions => _frequencies.Length * 2;

    /// <summary>Cosines and sines of a position.</summary>
    /// <param name="position">Position in the text, from 0.</param>
    /// <param name="cosSin">Result [Dimensions]: first half cosines, second half sines, one each per pair.</param>
    public void Fill(int position, Span<float> cosSin)
    {
        int pairs = _frequencies.Length;
        for (int i = 0; i < pairs; i++)
        {
            (double sin, double cos) = Math.SinCos(position * _frequencies[i]);
            cosSin[i] = (float)(cos * _magnitude);
            cosSin[pairs + i] = (float)(sin * _magnitude);
        }
    }

    /// <summary>YaRN's ramp: the pair that makes r turns over the original context has index d * ln(context / (2 pi r)) / (2 ln base).</summary>
    private void StretchByYarn(TransformerConfig config)
    {
        RopeScaling scaling = config.RopeScaling;
        int dimensions = config.RopeDimensionCount;
        double PairOfTurns(double turns) =>
            dimensions * Math.Log(scaling.OriginalContextLength / (turns * 2.0 * Math.PI)) / (2.0 * Math.Log(config.RopeFreqBase));

        double low = Math.Max(Math.Floor(PairOfTurns(scaling.BetaFast)), 0);
        double high = Math.Min(Math.Ceiling(PairOfTurns(scaling.BetaSlow)), dimensions - 1);
        for (int i = 0; i < _frequencies.Length; i++)
        {
            double keep = 1.0 - Math.Clamp((i - low) / Math.Max(high - low, 0.001), 0.0, 1.0);
            _frequencies[i] = (_frequencies[i] * keep) + (_frequencies[i] / scaling.Factor * (1.0 - keep));
        }
    }
}
