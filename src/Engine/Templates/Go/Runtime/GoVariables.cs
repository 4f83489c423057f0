using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Runtime;

/// <summary>The variables of a template, innermost last; <c>$</c> is the data that it was given.</summary>
internal sealed class GoVariables(Meter meter, object? data)
{
    /// <summary>Names that are compared in about the time of one step.</summary>
    private const int ComparisonsPerStep = 8;

    private readonly List<(string Name, object? Value)> _stack = [("$", data)];

    /// <summary>How many there are now, to <see cref="Release"/> those made later.</summary>
    public int Mark => _stack.Count;

    /// <summary>Forgets those made since a mark.</summary>
    public void Release(int mark) => _stack.RemoveRange(mark, _stack.Count - mark);

    /// <summary>Makes a variable.</summary>
    public void Declare(string name, object? value) => _stack.Add((name, value));

    /// <summary>The value of the innermost variable of a name.</summary>
    public object? Get(string name) => _stack[Find(name)].Value;

    /// <summary>Changes the innermost variable of a name.</summary>
    public void Set(string name, object? value) => _stack[Find(name)] = (name, value);

    private int Find(string name)
    {
        int index = _stack.FindLastIndex(variable => variable.Name == name);
        meter.Charge((_stack.Count - index) / ComparisonsPerStep);
        return index >= 0 ? index : throw new TemplateError($"the variable {name} is not defined");
    }
}
