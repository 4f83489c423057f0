namespace LocalLlm.Engine.Templates.Go.Nodes;

/// <summary>
/// Cuts a template behind the action that prints <c>.Response</c>: the prompt of the turn that the model shall answer ends there. Of an
/// <c>if</c> that holds it, the other branch stays.
/// </summary>
internal static class GoCut
{
    /// <summary>The nodes up to the first action with <c>.Response</c>; all of them if there is none.</summary>
    public static GoSequence AfterResponse(GoSequence body) => Cut(body).Result;

    private static (GoSequence Result, bool IsCut) Cut(GoSequence sequence)
    {
        List<GoNode> kept = [];
        foreach (GoNode node in sequence.Children)
        {
            (GoNode result, bool isCut) = node switch
            {
                GoAction action => (action, GoNames.HasField(action.Pipeline, "Response")),
                GoIf or GoRange => CutBranches(node),
                _ => (node, false),
            };
            kept.Add(result);
            if (isCut)
            {
                return (new GoSequence(sequence.Offset, kept), true);
            }
        }
        return (sequence, false);
    }

    private static (GoNode Result, bool IsCut) CutBranches(GoNode node)
    {
        var branches = node.Children.Cast<GoSequence>().Select(Cut).ToList();
        if (!branches.Exists(branch => branch.IsCut))
        {
            return (node, false);
        }
        GoSequence body = branches[0].Result;
        GoSequence? otherwise = branches.Count > 1 ? branches[1].Result : null;
        return (node is GoIf choice ? choice.With(body, otherwise) : ((GoRange)node).With(body, otherwise), true);
    }
}
