using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>A macro as written; the body of a <c>call</c> block is one without a name.</summary>
/// <param name="Name">Its name, for error messages too.</param>
/// <param name="Parameters">Their names, with the default of those that have one.</param>
/// <param name="Body">What it renders.</param>
/// <param name="ReadsCaller">Whether the body reads <c>caller</c>, the body of the <c>call</c> block that it is used by.</param>
/// <param name="ReadsVarargs">Whether the body reads <c>varargs</c>, the arguments beyond the parameters.</param>
/// <param name="ReadsKwargs">Whether the body reads <c>kwargs</c>, the named arguments beyond the parameters.</param>
internal sealed record MacroDefinition(
    string Name,
    IReadOnlyList<(string Name, Expression? Default)> Parameters,
    Block Body,
    bool ReadsCaller,
    bool ReadsVarargs,
    bool ReadsKwargs);

/// <summary><c>{% macro name(a, b=1) %}...{% endmacro %}</c></summary>
internal sealed class MacroStatement(int offset, MacroDefinition definition) : Statement(offset)
{
    /// <inheritdoc/>
    protected override Flow Run(Rendering rendering)
    {
        rendering.Scope.Set(definition.Name, new Macro(definition, rendering.Scope));
        return Flow.Next;
    }
}
