using LocalLlm.Engine.Templates.Go.Library;
using LocalLlm.Engine.Templates.Go.Nodes;

namespace LocalLlm.Engine.Templates.Go.Syntax;

internal sealed partial class GoParser
{
    /// <summary>Variables in sight at once: looking for one among them takes time. No published template has more than a dozen.</summary>
    private const int MaxVariables = 1000;

    /// <summary>A pipeline, up to what closes it: <c>}}</c> or <c>)</c>.</summary>
    /// <param name="context">What it belongs to, for error messages.</param>
    /// <param name="mayDeclare">How many variables it may give its value to.</param>
    private GoPipeline Pipeline(string context, int mayDeclare)
    {
        SkipSpace();
        (List<string> variables, bool assigns) = Declarations(mayDeclare);
        List<GoCommand> commands = [];
        do
        {
            commands.Add(Command(isFirst: commands.Count == 0, context));
        }
        while (TakeSymbol("|") && !AtEnd());
        return new GoPipeline(variables, assigns, commands);
    }

    /// <summary>Whether nothing follows but what closes the pipeline; a bar before that is no mistake in Go.</summary>
    private bool AtEnd()
    {
        SkipSpace();
        return Current.Kind == GoTokenKind.Close || Current.IsSymbol(")");
    }

    /// <summary><c>$x :=</c>, <c>$x =</c>, or of a range also <c>$i, $x :=</c>; nothing if a variable is not followed by these.</summary>
    private (List<string> Names, bool Assigns) Declarations(int most)
    {
        int start = _next;
        List<string> names = [];
        while (Current.Kind == GoTokenKind.Variable && names.Count < most)
        {
            names.Add(Take().Text);
            SkipSpace();
            if (Current.IsSymbol(":=") || Current.IsSymbol("="))
            {
                bool assigns = Take().Text == "=";
                Declare(names, assigns);
                return (names, assigns);
            }
            if (!TakeSymbol(","))
            {
                break;
            }
            SkipSpace();
        }
        _next = start;
        return ([], false);
    }

    private void Declare(List<string> names, bool assigns)
    {
        foreach (string name in names)
        {
            if (!assigns)
            {
                _variables.Add(_variables.Count < MaxVariables ? name : throw source.Error($"there are more than {MaxVariables} variables in one place", Current.Offset));
            }
            else if (!_variables.Contains(name))
            {
                throw source.Error($"the variable {name} is not defined", Current.Offset);
            }
        }
    }

    private GoCommand Command(bool isFirst, string context)
    {
        SkipSpace();
        GoToken begin = Current;
        List<GoOperand> operands = [];
        while (Operand() is { } operand)
        {
            operands.Add(operand);
            if (Current.Kind != GoTokenKind.Space)
            {
                break;
            }
            SkipSpace();
        }
        if (operands.Count == 0)
        {
            throw source.Error(Current.Kind == GoTokenKind.Close ? $"{context} lacks a value" : $"{Current} is no value", Current.Offset);
        }
        if (Current.Kind != GoTokenKind.Close && !Current.IsSymbol("|") && !Current.IsSymbol(")"))
        {
            throw source.Error($"{Current} is in the wrong place", Current.Offset);
        }
        bool isFixed = operands[0] is GoLiteral or GoDot;
        if ((isFixed && !isFirst) || (operands[0] is GoLiteral { IsNil: true }))
        {
            throw source.Error($"{begin} can't be called", begin.Offset);
        }
        return new GoCommand(operands[0], operands[1..]);
    }

    /// <summary>A term with the fields behind it; null if the current token begins none.</summary>
    private GoOperand? Operand()
    {
        GoToken token = Current;
        GoOperand? term = Term();
        if (term is null || (Current.Kind != GoTokenKind.Field && token.Kind != GoTokenKind.Field))
        {
            return term;
        }
        int dot = Current.Offset;
        List<string> fields = token.Kind == GoTokenKind.Field ? [token.Text] : [];
        while (Current.Kind == GoTokenKind.Field)
        {
            fields.Add(Take().Text);
        }
        return token.Kind switch
        {
            GoTokenKind.Field => new GoPath(token.Offset, null, fields),
            GoTokenKind.Literal or GoTokenKind.Nil or GoTokenKind.Dot => throw source.Error($"unexpected '.' behind {token}", dot),
            _ => new GoPath(token.Offset, term, fields),
        };
    }

    private GoOperand? Term()
    {
        GoToken token = Current;
        switch (token.Kind)
        {
            case GoTokenKind.Literal:
                Take();
                return new GoLiteral(token.Offset, token.Value);
            case GoTokenKind.Nil:
                Take();
                return new GoLiteral(token.Offset, null);
            case GoTokenKind.Dot or GoTokenKind.Field:
                Take();
                return new GoDot(token.Offset);
            case GoTokenKind.Variable:
                Take();
                return _variables.Contains(token.Text) ? new GoVariable(token.Offset, token.Text) : throw source.Error($"the variable {token.Text} is not defined", token.Offset);
            case GoTokenKind.Identifier:
                Take();
                return GoFunctions.Find(token.Text) is { } function ? new GoFunctionCall(token.Offset, function) : throw source.Error($"the function '{token.Text}' is not defined", token.Offset);
            case GoTokenKind.Symbol when token.Text == "(":
                return Parentheses();
            default:
                return null;
        }
    }

    private GoParentheses Parentheses()
    {
        GoToken open = Take();
        Descend();
        GoPipeline pipeline = Pipeline("an expression in parentheses", mayDeclare: 1);
        if (!TakeSymbol(")"))
        {
            throw source.Error("the parenthesis '(' has no end ')'", open.Offset);
        }
        _depth--;
        return new GoParentheses(open.Offset, pipeline);
    }

    private bool TakeSymbol(string symbol)
    {
        bool found = Current.IsSymbol(symbol);
        if (found)
        {
            Take();
        }
        return found;
    }
}
