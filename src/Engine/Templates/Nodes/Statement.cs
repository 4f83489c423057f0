using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>What to do after a statement.</summary>
internal enum Flow
{
    /// <summary>Go on with the next one.</summary>
    Next,

    /// <summary>Leave the innermost loop.</summary>
    Break,

    /// <summary>Go on with the innermost loop's next element.</summary>
    Continue,
}

/// <summary>A part of a template that does something: writes, sets a name, repeats.</summary>
/// <param name="offset">Offset in the source of its tag's keyword or its text.</param>
internal abstract class Statement(int offset)
{
    /// <summary>Does it.</summary>
    public Flow Execute(Rendering rendering)
    {
        rendering.Enter(offset);
        return Run(rendering);
    }

    /// <summary>Does it; time and stack are accounted for by <see cref="Execute"/>.</summary>
    protected abstract Flow Run(Rendering rendering);

    /// <summary>Reports what follows as a failure of this statement again, after its parts were evaluated.</summary>
    protected void Resume(Rendering rendering) => rendering.Position = offset;
}
