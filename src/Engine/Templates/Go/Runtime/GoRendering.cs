using LocalLlm.Engine.Templates.Go.Nodes;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Runtime;

/// <summary>The state of one rendering of a template in Go's language.</summary>
internal sealed class GoRendering : Meter
{
    /// <summary>Starts a rendering.</summary>
    public GoRendering(TemplateLimits limits, IReadOnlyDictionary<string, GoSequence> templates, TimeProvider clock)
        : base(limits)
    {
        Templates = templates;
        Variables = new GoVariables(this, null);
        Clock = clock;
        Output = new TextBuilder(this, limits.OutputLength);
    }

    /// <summary>Templates that <c>define</c> and <c>block</c> made.</summary>
    public IReadOnlyDictionary<string, GoSequence> Templates { get; }

    /// <summary>The variables of the template that runs.</summary>
    public GoVariables Variables { get; set; }

    /// <summary>The clock of <c>currentDate</c>.</summary>
    public TimeProvider Clock { get; }

    /// <summary>The text so far.</summary>
    public TextBuilder Output { get; }
}
