namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>What Go's templates take for true: all but false, 0, nil, no value, and empty texts, lists and maps.</summary>
internal static class GoTruth
{
    /// <summary>Whether a value is true.</summary>
    public static bool Of(object? value) => value switch
    {
        null or NoValue => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        GoList list => list.Items.Count > 0,
        GoMap map => map.Count > 0,
        _ => true,
    };
}
