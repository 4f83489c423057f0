using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>What stands behind an operand: subscripts, calls, filters and tests.</summary>
internal sealed partial class Parser
{
    private Expression ParsePostfix(Expression expression)
    {
        int depth = _depth;
        while (true)
        {
            Token token = Current;
            if (TakeOperator("."))
            {
                expression = ParseAttribute(expression);
            }
            else if (TakeOperator("["))
            {
                expression = ParseSubscript(token.Offset, expression);
            }
            else if (token.IsOperator("("))
            {
                expression = new CallExpression(expression.Offset, expression, ParseArguments());
            }
            else
            {
                _depth = depth;
                return expression;
            }
            Descend();
        }
    }

    private Expression ParseFiltersAndTests(Expression expression)
    {
        int depth = _depth;
        while (true)
        {
            if (Current.IsOperator("|"))
            {
                Take();
                expression = new FilterExpression(expression, ParseFilter());
            }
            else if (Current.IsName("is"))
            {
                Take();
                expression = ParseTest(expression);
            }
            else if (Current.IsOperator("("))
            {
                expression = new CallExpression(expression.Offset, expression, ParseArguments());
            }
            else
            {
                _depth = depth;
                return expression;
            }
            Descend();
        }
    }

    private Expression ParseAttribute(Expression owner)
    {
        Token token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Take();
                return new AttributeExpression(token.Offset, owner, token.Text);
            case TokenKind.Number when token.Number is long:
                Take();
                return new ItemExpression(token.Offset, owner, new LiteralExpression(token.Offset, token.Number));
            default:
                throw Unexpected("a name or an index");
        }
    }

    private Expression ParseSubscript(int offset, Expression owner)
    {
        Expression? start = Current.IsOperator(":") ? null : ParseExpression();
        if (start is not null && TakeOperator("]"))
        {
            return new ItemExpression(offset, owner, start);
        }
        ExpectOperator(":");
        Expression? stop = ParseBound();
        Expression? step = TakeOperator(":") ? ParseBound() : null;
        ExpectOperator("]");
        return new SliceExpression(offset, owner, start, stop, step);
    }

    private Expression? ParseBound() => Current.IsOperator(":") || Current.IsOperator("]") ? null : ParseExpression();

    /// <summary>Arguments in parentheses: first those without a name, then those with one, then <c>*</c> and <c>**</c>.</summary>
    private ArgumentList ParseArguments()
    {
        ExpectOperator("(");
        List<Expression> positional = [];
        List<(string Name, Expression Value)> named = [];
        Expression? rest = null;
        Expression? namedRest = null;
        ParseItems(")", () =>
        {
            if (namedRest is not null || (rest is not null && Current.IsOperator("*")))
            {
                throw Unexpected("')'");
            }
            if (TakeOperator("*"))
            {
                rest = ParseExpression();
            }
            else if (TakeOperator("**"))
            {
                namedRest = ParseExpression();
            }
            else if (Current.Kind == TokenKind.Name && Following.IsOperator("="))
            {
                named.Add(ParseNamed(named));
            }
            else
            {
                positional.Add(named.Count == 0 && rest is null ? ParseExpression() : throw Unexpected("a named argument"));
            }
            return true;
        });
        return new ArgumentList(positional, named, rest, namedRest);
    }

    private (string Name, Expression Value) ParseNamed(List<(string Name, Expression Value)> others)
    {
        Token name = Take();
        if (others.Exists(other => other.Name == name.Text))
        {
            throw source.Error($"two arguments are named '{name.Text}'", name.Offset);
        }
        Take();
        return (name.Text, ParseExpression());
    }

    private FilterCall ParseFilter()
    {
        Token name = Expect(TokenKind.Name, "the name of a filter");
        ArgumentList arguments = Current.IsOperator("(") ? ParseArguments() : ArgumentList.None;
        return new FilterCall(name.Offset, name.Text, arguments);
    }

    /// <summary>Filters behind a block's keyword, with <c>|</c> between them.</summary>
    private List<FilterCall> ParseFilterChain()
    {
        List<FilterCall> filters = [ParseFilter()];
        while (TakeOperator("|"))
        {
            filters.Add(ParseFilter());
        }
        return filters;
    }

    private Expression ParseTest(Expression operand)
    {
        bool isNegated = TakeName("not");
        Token name = Expect(TokenKind.Name, "the name of a test");
        ArgumentList arguments = ArgumentList.None;
        if (Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (StartsTestArgument())
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], [], null, null);
        }
        Expression test = new TestExpression(name.Offset, operand, name.Text, arguments);
        return isNegated ? new NotExpression(name.Offset, test) : test;
    }

    /// <summary>Whether an argument without parentheses follows: <c>x is divisibleby 3</c>.</summary>
    private bool StartsTestArgument()
    {
        if (Current.IsName("is"))
        {
            throw source.Error("tests can't be chained with 'is'", Current.Offset);
        }
        return Current.Kind is TokenKind.Text or TokenKind.Number
            || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and" or "if" or "in" or "not" or "recursive"))
            || Current.IsOperator("[") || Current.IsOperator("{");
    }
}
