using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>A filter with its arguments, as it stands behind a <c>|</c>. A name that isn't known is an error only when it is used, so that a branch not taken does no harm.</summary>
internal sealed class FilterCall(int offset, string name, ArgumentList arguments)
{
    private readonly BuiltIn? _filter = FilterTable.Find(name);

    /// <summary>Offset of the filter's name in the source.</summary>
    public int Offset => offset;

    /// <summary>The filtered value.</summary>
    public object? Apply(Rendering rendering, object? value)
    {
        Arguments evaluated = arguments.Evaluate(rendering);
        rendering.Position = offset;
        return FilterTable.Require(_filter, name).Invoke(rendering, value, evaluated);
    }
}
