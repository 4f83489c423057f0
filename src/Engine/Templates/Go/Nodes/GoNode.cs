using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>A part of a template that does something: writes, chooses, repeats.</summary>
/// <param name="offset">Where an error in it is reported.</param>
internal abstract class GoNode(int offset)
{
    /// <summary>Where an error in it is reported.</summary>
    public int Offset => offset;

    /// <summary>The pipeline of its action, or null if it has none.</summary>
    public virtual GoPipeline? Pipeline => null;

    /// <summary>The nodes within it, in the source's order.</summary>
    public virtual IEnumerable<GoNode> Children => [];

    /// <summary>Does it.</summary>
    /// <param name="rendering">The rendering.</param>
    /// <param name="dot">The value of <c>.</c></param>
    public Flow Execute(GoRendering rendering, object? dot)
    {
        rendering.Enter(offset);
        return Run(rendering, dot);
    }

    /// <summary>Does it; time and stack are accounted for by <see cref="Execute"/>.</summary>
    protected abstract Flow Run(GoRendering rendering, object? dot);
}
