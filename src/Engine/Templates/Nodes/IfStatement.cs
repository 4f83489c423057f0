using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% if a %}...{% elif b %}...{% else %}...{% endif %}</c></summary>
internal sealed class IfStatement(int offset, IReadOnlyList<(Expression Test, Block Body)> branches, Block otherwise) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        foreach ((Expression test, Block body) in branches)
        {
            if (Truth.Of(test.Evaluate(rendering)))
            {
                return body.Execute(rendering);
            }
        }
        return otherwise.Execute(rendering);
    }
}
