using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>How two values are compared.</summary>
internal enum Comparison
{
    /// <summary><c>==</c></summary>
    Equal,

    /// <summary><c>!=</c></summary>
    NotEqual,

    /// <summary><c>&lt;</c></summary>
    Less,

    /// <summary><c>&lt;=</c></summary>
    LessOrEqual,

    /// <summary><c>&gt;</c></summary>
    Greater,

    /// <summary><c>&gt;=</c></summary>
    GreaterOrEqual,

    /// <summary><c>in</c></summary>
    In,

    /// <summary><c>not in</c></summary>
    NotIn,
}

/// <summary><c>a &lt; b &lt;= c</c>: true if each neighbouring pair is; stops at the first that isn't.</summary>
internal sealed class CompareExpression(int offset, Expression first, IReadOnlyList<(Comparison Comparison, Expression Operand)> rest) : Expression(offset)
{
    /// <inheritdoc/>
    protected override object? Compute(Rendering rendering)
    {
        object? left = first.Evaluate(rendering);
        foreach ((Comparison comparison, Expression operand) in rest)
        {
            object? right = operand.Evaluate(rendering);
            Resume(rendering);
            if (!Holds(rendering, comparison, left, right))
            {
                return Truth.False;
            }
            left = right;
        }
        return Truth.True;
    }

    /// <summary>Whether two values compare so.</summary>
    public static bool Holds(Rendering rendering, Comparison comparison, object? left, object? right) => comparison switch
    {
        Comparison.Equal => Equality.AreEqual(rendering, left, right),
        Comparison.NotEqual => !Equality.AreEqual(rendering, left, right),
        Comparison.Less => Ordering.Compare(rendering, left, right) < 0,
        Comparison.LessOrEqual => Ordering.Compare(rendering, left, right) <= 0,
        Comparison.Greater => Ordering.Compare(rendering, left, right) > 0,
        Comparison.GreaterOrEqual => Ordering.Compare(rendering, left, right) >= 0,
        Comparison.In => Equality.Contains(rendering, right, left),
        _ => !Equality.Contains(rendering, right, left),
    };
}
