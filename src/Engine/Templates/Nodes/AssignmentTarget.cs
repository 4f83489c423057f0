using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>What a value can be assigned to.</summary>
internal abstract class AssignmentTarget
{
    /// <summary>Assigns a value in the innermost scope.</summary>
    public abstract void Assign(Rendering rendering, object? value);
}

/// <summary>A name.</summary>
internal sealed class NameTarget(string name) : AssignmentTarget
{
    /// <inheritdoc/>
    public override void Assign(Rendering rendering, object? value) => rendering.Scope.Set(name, value);
}

/// <summary>Several targets, which take the elements of a value: <c>a, b</c>.</summary>
internal sealed class TupleTarget(IReadOnlyList<AssignmentTarget> targets) : AssignmentTarget
{
    /// <inheritdoc/>
    public override void Assign(Rendering rendering, object? value)
    {
        Undefined.Refuse(value);
        List<object?> items = Iteration.ToList(rendering, value);
        if (items.Count != targets.Count)
        {
            throw new TemplateError($"{targets.Count} names can't take {items.Count} values");
        }
        for (int i = 0; i < items.Count; i++)
        {
            targets[i].Assign(rendering, items[i]);
        }
    }
}

/// <summary>An attribute of a namespace: <c>ns.x</c>.</summary>
internal sealed class NamespaceTarget(NameExpression owner, string attribute) : AssignmentTarget
{
    /// <inheritdoc/>
    public override void Assign(Rendering rendering, object? value)
    {
        if (owner.Evaluate(rendering) is not Namespace ns)
        {
            throw new TemplateError($"'{owner.Name}' is no namespace, so that its attribute '{attribute}' can't be set");
        }
        ns.Set(rendering, attribute, value);
    }
}
