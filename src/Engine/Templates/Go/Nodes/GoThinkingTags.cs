namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>Finds between which texts a template writes what a message thought; the model writes its thoughts between the same.</summary>
internal static class GoThinkingTags
{
    /// <summary>The texts before and behind an action with <c>.Thinking</c>, without white space around them; null if the template has no such.</summary>
    public static (string Open, string Close)? Find(GoNode node)
    {
        GoNode[] children = [.. node.Children];
        for (int i = 0; i < children.Length; i++)
        {
            if (i > 0 && i + 1 < children.Length && children[i] is GoAction action && Mentions(action.Pipeline)
                && children[i - 1] is GoText before && children[i + 1] is GoText after
                && (before.Text.Trim(), after.Text.Trim()) is ({ Length: > 0 } open, { Length: > 0 } close))
            {
                return (LastWord(open), FirstWord(close));
            }
            if (Find(children[i]) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    /// <summary>Other things may stand before the tag, such as the role.</summary>
    private static string LastWord(string text) => text[(text.LastIndexOfAny([' ', '\n', '\t']) + 1)..];

    private static string FirstWord(string text) => text.Split(' ', '\n', '\t')[0];

    private static bool Mentions(GoPipeline pipeline) =>
        pipeline.Variables.Count == 0 && pipeline.Commands.SelectMany(command => command.Operands).Any(operand => operand is GoPath path && path.Fields[^1] == "Thinking");
}
