namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>
/// Names and their values, inside an enclosing scope: a template, an iteration of a loop, a macro call. Most hold a handful of names,
/// which an array finds faster than a hash table; one with many switches to a table.
/// </summary>
internal sealed class Scope(Scope? parent)
{
    private const int Few = 8;

    private (string Name, object? Value)[]? _few;
    private int _count;
    private Dictionary<string, object?>? _many;

    /// <summary>How many scopes enclose this one.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    /// <summary>Finds the innermost value of a name, here or in an enclosing scope.</summary>
    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.TryGetOwn(name, out value))
            {
                return true;
            }
        }
        value = null;
        return false;
    }

    /// <summary>Sets a name in this scope; enclosing scopes are left alone.</summary>
    public void Set(string name, object? value)
    {
        if (_many is not null)
        {
            _many[name] = value;
            return;
        }
        _few ??= new (string, object?)[Few / 2];
        for (int i = 0; i < _count; i++)
        {
            if (_few[i].Name == name)
            {
                _few[i].Value = value;
                return;
            }
        }
        Add(name, value);
    }

    private Scope? Parent => parent;

    private bool TryGetOwn(string name, out object? value)
    {
        if (_many is not null)
        {
            return _many.TryGetValue(name, out value);
        }
        for (int i = 0; i < _count; i++)
        {
            if (_few![i].Name == name)
            {
                value = _few[i].Value;
                return true;
            }
        }
        value = null;
        return false;
    }

    private void Add(string name, object? value)
    {
        if (_count == Few)
        {
            _many = _few!.ToDictionary(pair => pair.Name, pair => pair.Value);
            _many[name] = value;
            _few = null;
            return;
        }
        if (_count == _few!.Length)
        {
            Array.Resize(ref _few, Few);
        }
        _few[_count++] = (name, value);
    }
}
