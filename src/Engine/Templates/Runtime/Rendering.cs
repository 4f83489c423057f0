namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>The state of one rendering of a Jinja template: what it sees, what it has written, and, as a <see cref="Meter"/>, what it has used of its limits.</summary>
internal sealed class Rendering : Meter
{
    /// <summary>Starts a rendering.</summary>
    public Rendering(TemplateLimits limits, Scope variables, TimeProvider clock)
        : base(limits)
    {
        Clock = clock;
        Scope = variables;
        Output = new TextBuilder(this, limits.OutputLength);
    }

    /// <summary>The innermost scope.</summary>
    public Scope Scope { get; set; }

    /// <summary>Where statements write to.</summary>
    public TextBuilder Output { get; set; }

    /// <summary>The clock of <c>strftime_now</c>.</summary>
    public TimeProvider Clock { get; }
}
