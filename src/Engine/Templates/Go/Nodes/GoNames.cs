namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>Finds what a template mentions.</summary>
internal static class GoNames
{
    /// <summary>Names of data and variables in nodes and all nodes within them, whatever their case; variables with their dollars.</summary>
    public static IReadOnlySet<string> In(IEnumerable<GoNode> nodes)
    {
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        AddFrom(nodes, names);
        return names;
    }

    /// <summary>Whether a pipeline holds a field of the template's data by name: <c>.Response</c> or <c>$.Response</c>.</summary>
    public static bool HasField(GoPipeline? pipeline, string name) => Operands(pipeline).Any(operand => operand switch
    {
        GoPath { IsFromData: true } path => path.Fields.Contains(name),
        GoParentheses parentheses => HasField(parentheses.Pipeline, name),
        _ => false,
    });

    private static void AddFrom(IEnumerable<GoNode> nodes, HashSet<string> names)
    {
        foreach (GoNode node in nodes)
        {
            AddFrom(node.Pipeline, names);
            AddFrom(node.Children, names);
        }
    }

    private static void AddFrom(GoPipeline? pipeline, HashSet<string> names)
    {
        foreach (GoOperand operand in Operands(pipeline))
        {
            AddFrom(operand, names);
        }
    }

    private static void AddFrom(GoOperand? operand, HashSet<string> names)
    {
        switch (operand)
        {
            case GoPath path:
                names.UnionWith(path.Fields);
                AddFrom(path.Start, names);
                break;
            case GoVariable variable:
                names.Add(variable.Name);
                break;
            case GoParentheses parentheses:
                AddFrom(parentheses.Pipeline, names);
                break;
        }
    }

    private static IEnumerable<GoOperand> Operands(GoPipeline? pipeline) => (pipeline?.Commands ?? []).SelectMany(command => command.Operands);
}
