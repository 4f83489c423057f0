using LocalLlm.Engine.Templates.Library;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary><c>value is test(a)</c></summary>
internal sealed class TestExpression(int offset, Expression operand, string name, ArgumentList arguments) : Expression(offset)
{
    private readonly BuiltIn? _test = TestTable.Find(name);

    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? value = operand.Evaluate(rendering);
        Arguments evaluated = arguments.Evaluate(rendering);
        Resume(rendering);
        return TestTable.Require(_test, name).Invoke(rendering, value, evaluated);
    }
}
