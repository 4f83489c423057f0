using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Statements that set names, and blocks whose text goes elsewhere than to the output.</summary>
internal sealed partial class Parser
{
    /// <summary>Names read so far in the macro being read, or in the template outside of macros.</summary>
    private HashSet<string> _namesRead = [];

    private Statement ParseSet(Token keyword)
    {
        AssignmentTarget target = ParseTarget(isLoop: false);
        if (TakeOperator("="))
        {
            Expression value = ParseTuple();
            Expect(TokenKind.BlockEnd, "'%}'");
            return new SetStatement(keyword.Offset, target, value);
        }
        List<FilterCall> filters = TakeOperator("|") ? ParseFilterChain() : [];
        return new SetBlockStatement(keyword.Offset, target, filters, ParseBlockBody(keyword));
    }

    private FilterBlockStatement ParseFilterBlock(Token keyword)
    {
        List<FilterCall> filters = ParseFilterChain();
        return new FilterBlockStatement(keyword.Offset, filters, ParseBlockBody(keyword));
    }

    private ScopeStatement ParseWith(Token keyword)
    {
        List<(AssignmentTarget, Expression)> assignments = [];
        while (Current.Kind != TokenKind.BlockEnd && !Current.IsOperator(":"))
        {
            if (assignments.Count > 0)
            {
                ExpectOperator(",");
            }
            AssignmentTarget target = new NameTarget(ParseTargetName());
            ExpectOperator("=");
            assignments.Add((target, ParseExpression()));
        }
        return new ScopeStatement(keyword.Offset, assignments, ParseBlockBody(keyword));
    }

    private ScopeStatement ParseGeneration(Token keyword) => new(keyword.Offset, [], ParseBlockBody(keyword));

    private MacroStatement ParseMacro(Token keyword)
    {
        string name = ParseTargetName();
        return new MacroStatement(keyword.Offset, ParseMacroDefinition(keyword, name, ParseParameters()));
    }

    private CallBlockStatement ParseCall(Token keyword)
    {
        List<(string, Expression?)> parameters = Current.IsOperator("(") ? ParseParameters() : [];
        int offset = Current.Offset;
        CallExpression call = ParseExpression() as CallExpression ?? throw source.Error("expected a call", offset);
        return new CallBlockStatement(keyword.Offset, call, ParseMacroDefinition(keyword, "caller", parameters));
    }

    private MacroDefinition ParseMacroDefinition(Token keyword, string name, List<(string Name, Expression? Default)> parameters)
    {
        (HashSet<string> outerNames, int outerLoops) = (_namesRead, _loopDepth);
        (_namesRead, _loopDepth) = ([], 0);
        Block body = ParseBlockBody(keyword);
        bool Reads(string special) => _namesRead.Contains(special) && !parameters.Exists(parameter => parameter.Name == special);
        MacroDefinition definition = new(name, parameters, body, Reads("caller"), Reads("varargs"), Reads("kwargs"));
        outerNames.UnionWith(_namesRead);
        (_namesRead, _loopDepth) = (outerNames, outerLoops);
        return definition;
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        ExpectOperator("(");
        List<(string Name, Expression? Default)> parameters = [];
        return ParseItems<(string Name, Expression? Default)>(")", () =>
        {
            int offset = Current.Offset;
            (string Name, Expression? Default) parameter = (ParseTargetName(), TakeOperator("=") ? ParseExpression() : null);
            if (parameter.Default is null && parameters.Exists(earlier => earlier.Default is not null))
            {
                throw source.Error($"the parameter '{parameter.Name}' needs a default, because one before it has one", offset);
            }
            if (parameters.Exists(earlier => earlier.Name == parameter.Name))
            {
                throw source.Error($"two parameters are named '{parameter.Name}'", offset);
            }
            parameters.Add(parameter);
            return parameter;
        });
    }

    /// <summary>What is assigned to: a name, several with commas, in parentheses or not, or for <c>set</c> an attribute of a namespace.</summary>
    private AssignmentTarget ParseTarget(bool isLoop)
    {
        if (!isLoop && Current.Kind == TokenKind.Name && Following.IsOperator("."))
        {
            Token owner = Take();
            Take();
            return new NamespaceTarget(new NameExpression(owner.Offset, owner.Text), Expect(TokenKind.Name, "a name").Text);
        }
        int depth = _depth;
        Descend();
        List<AssignmentTarget> targets = [];
        bool isTuple = false;
        do
        {
            targets.Add(ParseSingleTarget(isLoop));
            isTuple |= Current.IsOperator(",");
        }
        while (TakeOperator(",") && (Current.Kind == TokenKind.Name || Current.IsOperator("(")) && !(isLoop && Current.IsName("in")));
        _depth = depth;
        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    private AssignmentTarget ParseSingleTarget(bool isLoop)
    {
        if (TakeOperator("("))
        {
            AssignmentTarget inner = ParseTarget(isLoop);
            ExpectOperator(")");
            return inner;
        }
        int offset = Current.Offset;
        string name = ParseTargetName();
        return isLoop && name == "loop" ? throw source.Error("the name 'loop' is taken by the loop itself", offset) : new NameTarget(name);
    }

    private string ParseTargetName()
    {
        Token name = Expect(TokenKind.Name, "a name");
        return name.Text is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw source.Error($"'{name.Text}' can't be assigned to", name.Offset)
            : name.Text;
    }
}
