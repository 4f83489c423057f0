using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>What <c>joiner(sep)</c> gives: nothing at the first call, the separator at every later one.</summary>
internal sealed class Joiner(object? separator) : Callable
{
    private bool _used;

    /// <inheritdoc/>
    public override object? Call(Rendering rendering, Arguments arguments)
    {
        object? result = _used ? separator : "";
        _used = true;
        return result;
    }
}
