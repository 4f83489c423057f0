using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{key: value}</c></summary>
internal sealed class DictExpression(int offset, IReadOnlyList<(Expression Key, Expression Value)> entries) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        JinjaDict dict = new();
        foreach ((Expression key, Expression value) in entries)
        {
            object? evaluatedKey = key.Evaluate(rendering);
            object? evaluatedValue = value.Evaluate(rendering);
            Resume(rendering);
            dict.Set(rendering, evaluatedKey, evaluatedValue);
        }
        return dict;
    }
}
