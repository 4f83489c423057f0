using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Nodes;

/// <summary>Statements one after the other.</summary>
internal sealed class Block(IReadOnlyList<Statement> statements)
{
    /// <summary>No statements.</summary>
    public static Block Empty { get; } = new([]);

    /// <summary>Does them in order, up to one that leaves or continues a loop.</summary>
    public Flow Execute(Rendering rendering)
    {
        foreach (Statement statement in statements)
        {
            Flow flow = statement.Execute(rendering);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }
        return Flow.Next;
    }

    /// <summary>Does them in a scope of their own: names that they set are forgotten afterwards.</summary>
    public Flow ExecuteScoped(Rendering rendering)
    {
        Scope outer = rendering.Scope;
        rendering.Scope = new Scope(outer);
        try
        {
            return Execute(rendering);
        }
        finally
        {
            rendering.Scope = outer;
        }
    }

    /// <summary>Does them in a scope of their own and gives the text that they write, instead of adding it to the output.</summary>
    public Flow Capture(Rendering rendering, out string text)
    {
        TextBuilder outer = rendering.Output;
        rendering.Output = new TextBuilder(rendering);
        try
        {
            Flow flow = ExecuteScoped(rendering);
            text = rendering.Output.ToString();
            return flow;
        }
        finally
        {
            rendering.Output = outer;
        }
    }
}
