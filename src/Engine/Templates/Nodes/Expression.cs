using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>A part of a template that has a value.</summary>
/// <param name="offset">Where an error in it is reported: offset of its operator, name or first character in the source.</param>
internal abstract class Expression(int offset)
{
    /// <summary>Where an error in it is reported.</summary>
    public int Offset => offset;

    /// <summary>The value, as of now.</summary>
    public object? Evaluate(Rendering rendering)
    {
        rendering.Enter(offset);
        return Compute(rendering);
    }

    /// <summary>Computes the value; time and stack are accounted for by <see cref="Evaluate"/>.</summary>
    protected abstract object? Compute(Rendering rendering);

    /// <summary>Reports what follows as a failure of this expression again, after its operands were evaluated.</summary>
    protected void Resume(Rendering rendering) => rendering.Position = offset;
}
