namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>
/// A failure while rendering, thrown where it is noticed. It doesn't know the place: <see cref="JinjaTemplate.Render"/> adds that
/// and makes a <see cref="JinjaException"/> of it.
/// </summary>
/// <param name="message">One sentence.</param>
/// <param name="raisedByTemplate">Whether these are the template's own words (<c>raise_exception</c>).</param>
internal sealed class TemplateError(string message, bool raisedByTemplate = false) : Exception(message)
{
    /// <summary>Whether the template called <c>raise_exception</c>.</summary>
    public bool RaisedByTemplate { get; } = raisedByTemplate;
}
