namespace LocalLlm.Engine.Scheduling;

/// <summary>A straight line through what was observed lately: least squares with older observations fading away.</summary>
/// <param name="weight">Of a new observation: with 0.05 about the last twenty count.</param>
/// <param name="leastVariance">Where the places of the observations vary less than this, they say nothing of the slope.</param>
internal sealed class LearnedLine(double weight, double leastVariance)
{
    private double _x, _y, _xx, _xy;

    /// <summary>Whether anything was observed.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>Mean place of the observations.</summary>
    public double MeanX => _x;

    /// <summary>Mean of the observations.</summary>
    public double MeanY => _y;

    /// <summary>Adds an observation.</summary>
    public void Learn(double x, double y)
    {
        double share = IsKnown ? weight : 1;
        IsKnown = true;
        _x += share * (x - _x);
        _y += share * (y - _y);
        _xx += share * ((x * x) - _xx);
        _xy += share * ((x * y) - _xy);
    }

    /// <summary>The slope; false if the observations do not tell.</summary>
    public bool TrySlope(out double slope)
    {
        double variance = _xx - (_x * _x);
        slope = variance > 0 ? (_xy - (_x * _y)) / variance : 0;
        return variance >= leastVariance;
    }
}
