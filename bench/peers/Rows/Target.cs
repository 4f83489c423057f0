using System.Globalization;

namespace LocalLlm.Peers.Rows;

/// <summary>What a row is to reach.</summary>
/// <param name="Ratio">So many times the peer's speed ...</param>
/// <param name="ShareOfBound">... or this share of the bound, where one is named, whichever is lower.</param>
internal sealed record Target(double Ratio, double? ShareOfBound = null)
{
    /// <summary>Whether it is reached.</summary>
    public bool IsMet(double ratio, double? shareOfBound) => ratio >= Ratio || (ShareOfBound is { } share && shareOfBound >= share);

    /// <summary>For tables.</summary>
    public override string ToString() => ShareOfBound is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"{Ratio:0.0}x or {share:0 %} of bound")
        : string.Create(CultureInfo.InvariantCulture, $"{Ratio:0.0}x");
}
