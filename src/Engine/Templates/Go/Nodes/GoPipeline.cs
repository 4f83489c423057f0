using LocalLlm.Engine.Templates.Go.Runtime;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>Commands, each of which gets the value of the one before as its last argument; the last value may go to variables.</summary>
/// <param name="variables">Names of the variables, with their dollars.</param>
/// <param name="assigns">Whether the variables exist (<c>=</c>) or are made (<c>:=</c>).</param>
/// <param name="commands">At least one command.</param>
internal sealed class GoPipeline(IReadOnlyList<string> variables, bool assigns, IReadOnlyList<GoCommand> commands)
{
    /// <summary>Names of the variables that get the value.</summary>
    public IReadOnlyList<string> Variables => variables;

    /// <summary>The commands.</summary>
    public IReadOnlyList<GoCommand> Commands => commands;

    /// <summary>The value; nil becomes <see cref="NoValue"/>.</summary>
    public object? Evaluate(GoRendering rendering, object? dot)
    {
        object? value = null;
        for (int i = 0; i < commands.Count; i++)
        {
            value = commands[i].Evaluate(rendering, dot, isPiped: i > 0, value) ?? NoValue.Instance;
        }
        foreach (string name in variables)
        {
            if (assigns)
            {
                rendering.Variables.Set(name, value);
            }
            else
            {
                rendering.Variables.Declare(name, value);
            }
        }
        return value;
    }
}
