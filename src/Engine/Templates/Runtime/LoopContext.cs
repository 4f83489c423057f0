using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>
/// The <c>loop</c> of a <c>for</c> statement. It looks ahead only when asked (<c>last</c>, <c>nextitem</c>, <c>length</c>), because
/// making the next element can have effects.
/// </summary>
/// <param name="items">The elements, made one by one.</param>
/// <param name="knownLength">How many there are, if that is known beforehand.</param>
/// <param name="depth">Level of recursion, from 1.</param>
/// <param name="recurse">Renders the loop over other elements; null unless the loop is <c>recursive</c>.</param>
internal sealed class LoopContext(IEnumerable<object?> items, int? knownLength, int depth, Func<object?, int, string>? recurse)
    : Callable, IHasAttributes
{
    private IEnumerator<object?> _items = items.GetEnumerator();
    private int? _length = knownLength;
    private int _index = -1;
    private object? _previous;
    private object? _current;
    private (bool Known, bool Exists, object? Value) _next;
    private List<object?>? _lastChanged;

    /// <summary>Goes to the next element, if there is one.</summary>
    public bool MoveNext(out object? item)
    {
        Peek();
        item = _next.Value;
        if (!_next.Exists)
        {
            return false;
        }
        _index++;
        _previous = _current;
        _current = item;
        _next = default;
        return true;
    }

    /// <inheritdoc/>
    public bool TryGetAttribute(Rendering rendering, string name, out object? value)
    {
        value = name switch
        {
            "index" => _index + 1L,
            "index0" => (long)_index,
            "revindex" => (long)Length(rendering) - _index,
            "revindex0" => (long)Length(rendering) - _index - 1,
            "first" => Truth.Box(_index == 0),
            "last" => Truth.Box(!Peek()),
            "length" => (long)Length(rendering),
            "depth" => (long)depth,
            "depth0" => depth - 1L,
            "previtem" => _index == 0 ? new Undefined("there is no previous item") : _previous,
            "nextitem" => Peek() ? _next.Value : new Undefined("there is no next item"),
            "cycle" => new BoundBuiltIn(Cycle, this),
            "changed" => new BoundBuiltIn(Changed, this),
            _ => Signature.Absent,
        };
        return value != Signature.Absent;
    }

    /// <summary>Renders a recursive loop's body over inner elements.</summary>
    public override object? Call(Rendering rendering, Arguments arguments)
    {
        if (recurse is null)
        {
            throw new TemplateError("a loop can only be called if it is marked 'recursive'");
        }
        return arguments.Positional.Count == 1 && arguments.Named.Count == 0
            ? recurse(arguments.Positional[0], depth + 1)
            : throw new TemplateError("a recursive loop is called with one argument, what to go through");
    }

    private static BuiltIn Cycle { get; } = new("cycle", "*", (_, self, arguments) =>
    {
        IReadOnlyList<object?> choices = arguments.All.Positional;
        return choices.Count > 0 ? choices[((LoopContext)self!)._index % choices.Count] : throw new TemplateError("'loop.cycle' needs something to choose from");
    });

    private static BuiltIn Changed { get; } = new("changed", "*", (rendering, self, arguments) =>
    {
        LoopContext loop = (LoopContext)self!;
        List<object?> values = [.. arguments.All.Positional];
        bool same = loop._lastChanged is not null && Equality.AreEqual(rendering, new JinjaList(loop._lastChanged), new JinjaList(values));
        loop._lastChanged = values;
        return Truth.Box(!same);
    });

    private int Length(Rendering rendering)
    {
        if (_length is null)
        {
            List<object?> rest = [];
            while (_items.MoveNext())
            {
                rendering.AllocateElements(1);
                rest.Add(_items.Current);
            }
            _items = rest.GetEnumerator();
            _length = _index + 1 + (_next.Exists ? 1 : 0) + rest.Count;
        }
        return _length.Value;
    }

    private bool Peek()
    {
        if (!_next.Known)
        {
            bool exists = _items.MoveNext();
            _next = (true, exists, exists ? _items.Current : null);
        }
        return _next.Exists;
    }
}
