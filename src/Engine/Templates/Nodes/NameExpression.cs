using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>A name: the innermost value that was set or passed under it, else a global function, else undefined.</summary>
internal sealed class NameExpression(int offset, string name) : Expression(offset)
{
    private readonly Undefined _undefined = Undefined.Name(name);

    /// <summary>The name.</summary>
    public string Name => name;

    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        // A name that isn't found, or far out, takes a look into every scope.
        rendering.Charge(rendering.Scope.Depth / 16);
        return rendering.Scope.TryGet(name, out object? value) ? value : GlobalTable.Find(name) ?? (object)_undefined;
    }
}
