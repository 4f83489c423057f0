using LocalLlm.Engine.Templates.Go.Values;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>Go's comparisons: values must be of one type, and an int is none of the floats; nil may be compared with everything.</summary>
internal static class GoComparison
{
    /// <summary><c>eq</c></summary>
    /// <exception cref="TemplateError">The types differ, or can't be compared.</exception>
    public static bool AreEqual(Meter meter, object? a, object? b) => (a, b) switch
    {
        (null, _) or (_, null) => a is null && b is null,
        (bool x, bool y) => x == y,
        (long x, long y) => x == y,
        (double x, double y) => x == y,
        (string x, string y) => Charged(meter, x, y) && x == y,
        (GoList or GoMap or GoStruct, _) => throw Uncomparable(a),
        (_, GoList or GoMap or GoStruct) => throw Uncomparable(b),
        _ => throw Incompatible(a, b),
    };

    /// <summary><c>lt</c></summary>
    /// <exception cref="TemplateError">The types differ, or have no order.</exception>
    public static bool IsLess(Meter meter, object? a, object? b) => (a, b) switch
    {
        (long x, long y) => x < y,
        (double x, double y) => x < y,
        (string x, string y) => Charged(meter, x, y) && GoTextOrder.Instance.Compare(x, y) < 0,
        (long or double or string, long or double or string) => throw Incompatible(a, b),
        _ => throw new TemplateError($"a value of type {GoTypes.Name(a is long or double or string ? b : a)} has no order"),
    };

    /// <summary>Charges the scan of two texts; always true.</summary>
    private static bool Charged(Meter meter, string a, string b)
    {
        meter.ChargeScan(Math.Min(a.Length, b.Length));
        return true;
    }

    private static TemplateError Uncomparable(object? value) => new($"a value of type {GoTypes.Name(value)} can't be compared");

    private static TemplateError Incompatible(object? a, object? b) =>
        new($"incompatible types for comparison: {GoTypes.Name(a)} and {GoTypes.Name(b)}");
}
