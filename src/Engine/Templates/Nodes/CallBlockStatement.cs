using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>{% call(a) macro() %}...{% endcall %}</c>: calls a macro that can render the body with <c>caller(a)</c>.</summary>
internal sealed class CallBlockStatement(int offset, CallExpression call, MacroDefinition body) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        object? value = call.Call(rendering, new Macro(body, rendering.Scope));
        rendering.Output.Append(Reprs.Str(rendering, value));
        return Flow.Next;
    }
}
