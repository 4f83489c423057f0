using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>What <c>cycler(a, b)</c> gives: its values in turn, with <c>next()</c>, <c>current</c> and <c>reset()</c>.</summary>
internal sealed class Cycler : IHasAttributes
{
    private static readonly BuiltIn NextMethod = new("next", "", (_, self, _) => ((Cycler)self!).Next());
    private static readonly BuiltIn ResetMethod = new("reset", "", (_, self, _) => ((Cycler)self!).Reset());

    private readonly IReadOnlyList<object?> _items;
    private int _position;

    /// <summary>Makes a cycler over some values.</summary>
    public Cycler(IReadOnlyList<object?> items) => _items = items.Count > 0 ? items : throw new TemplateError("'cycler' needs at least one value");

    /// <inheritdoc/>
    public bool TryGetAttribute(Rendering rendering, string name, out object? value)
    {
        value = name switch
        {
            "current" => _items[_position],
            "next" => new BoundBuiltIn(NextMethod, this),
            "reset" => new BoundBuiltIn(ResetMethod, this),
            _ => Signature.Absent,
        };
        return value != Signature.Absent;
    }

    private object? Next()
    {
        object? current = _items[_position];
        _position = (_position + 1) % _items.Count;
        return current;
    }

    private object? Reset()
    {
        _position = 0;
        return null;
    }
}
