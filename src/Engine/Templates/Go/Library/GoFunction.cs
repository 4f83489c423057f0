using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Go.Library;

/// <summary>A function that templates can call.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Least">Arguments that it needs.</param>
/// <param name="Most">Arguments that it takes.</param>
/// <param name="Invoke">Computes its value; nil and no value are both null.</param>
internal sealed record GoFunction(string Name, int Least, int Most, Func<GoRendering, object?[], object?> Invoke)
{
    /// <summary>For <c>and</c> and <c>or</c>: the first argument with this truth is the value, and those behind it are not evaluated.</summary>
    public bool? StopsAt { get; init; }

    /// <summary>Refuses a wrong number of arguments.</summary>
    public void CheckCount(int count)
    {
        if (count < Least || count > Most)
        {
            string wanted = Least == Most ? $"{Least}" : Most == int.MaxValue ? $"at least {Least}" : $"{Least} to {Most}";
            throw new TemplateError($"the function {Name} takes {wanted} argument{(wanted == "1" ? "" : "s")}, not {count}");
        }
    }
}
