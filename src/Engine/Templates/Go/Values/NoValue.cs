namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>
/// No value at all, as a pipeline that ends in nil gives it; fields of it are again no value. Nil within data, which has no fields, is null
/// instead. The others are <see cref="bool"/>, <see cref="long"/> (int), <see cref="double"/> (float64), <see cref="string"/>,
/// <see cref="GoList"/>, <see cref="GoMap"/> and <see cref="GoStruct"/>.
/// </summary>
internal sealed class NoValue
{
    private NoValue()
    {
    }

    /// <summary>The only one.</summary>
    public static NoValue Instance { get; } = new();
}
