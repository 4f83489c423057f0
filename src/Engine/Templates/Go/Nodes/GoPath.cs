using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>A way through the data: <c>.A.B</c> from dot on, <c>$x.A.B</c> from a variable, <c>(pipeline).A.B</c> from a value.</summary>
/// <param name="offset">Where an error in it is reported.</param>
/// <param name="start">Where the way begins; null for dot.</param>
/// <param name="fields">Names of fields, keys or methods.</param>
internal sealed class GoPath(int offset, GoOperand? start, IReadOnlyList<string> fields) : GoOperand(offset)
{
    /// <summary>Where the way begins; null for dot.</summary>
    public GoOperand? Start => start;

    /// <summary>The fields.</summary>
    public IReadOnlyList<string> Fields => fields;

    /// <summary>Whether it begins at dot or at the whole data.</summary>
    public bool IsFromData => start is null or GoVariable { Name: "$" };

    /// <inheritdoc/>
    public override object? Call(GoRendering rendering, object? dot, GoArguments arguments)
    {
        object? value = start is null ? dot : start.Evaluate(rendering, dot);
        rendering.Position = Offset;
        for (int i = 0; i < fields.Count - 1; i++)
        {
            value = GoFields.Get(rendering, value, fields[i], hasArguments: false);
        }
        return GoFields.Get(rendering, value, fields[^1], arguments.Count > 0);
    }
}
