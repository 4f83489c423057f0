using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Literals, names and displays.</summary>
internal sealed partial class Parser
{
    private Expression ParsePrimary()
    {
        Token token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Take();
                return ParseName(token);
            case TokenKind.Number:
                Take();
                return new LiteralExpression(token.Offset, token.Number);
            case TokenKind.Text:
                return ParseText(token);
            case TokenKind.Operator when token.Text == "(":
                Take();
                Expression inner = ParseTuple(mayBeEmpty: true);
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                Take();
                List<Expression> items = ParseItems("]", () => ParseExpression());
                return new SequenceExpression(token.Offset, items, isTuple: false);
            case TokenKind.Operator when token.Text == "{":
                Take();
                List<(Expression, Expression)> entries = ParseItems("}", ParseEntry);
                return new DictExpression(token.Offset, entries);
            default:
                throw Unexpected("an expression");
        }
    }

    private Expression ParseName(Token token)
    {
        switch (token.Text)
        {
            case "true" or "True":
                return new LiteralExpression(token.Offset, Truth.True);
            case "false" or "False":
                return new LiteralExpression(token.Offset, Truth.False);
            case "none" or "None":
                return new LiteralExpression(token.Offset, null);
            default:
                _namesRead.Add(token.Text);
                return new NameExpression(token.Offset, token.Text);
        }
    }

    /// <summary>Text; pieces next to each other are one.</summary>
    private LiteralExpression ParseText(Token first)
    {
        List<string> pieces = [];
        while (Current.Kind == TokenKind.Text)
        {
            pieces.Add(Take().Text);
        }
        return new LiteralExpression(first.Offset, string.Concat(pieces));
    }

    private (Expression Key, Expression Value) ParseEntry()
    {
        Expression key = ParseExpression();
        ExpectOperator(":");
        return (key, ParseExpression());
    }

    /// <summary>Items with commas between them, one allowed behind the last, up to a closing bracket.</summary>
    private List<T> ParseItems<T>(string closing, Func<T> parseItem)
    {
        List<T> items = [];
        while (!Current.IsOperator(closing))
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
                if (Current.IsOperator(closing))
                {
                    break;
                }
            }
            items.Add(parseItem());
        }
        ExpectOperator(closing);
        return items;
    }

    /// <summary>One expression, or with commas a tuple: <c>a, b</c>. Ends before the end of the tag, a closing bracket, or a given word.</summary>
    private Expression ParseTuple(bool withConditional = true, bool mayBeEmpty = false, string? endWord = null)
    {
        int offset = Current.Offset;
        List<Expression> items = [];
        bool isTuple = false;
        while (!IsTupleEnd(endWord))
        {
            items.Add(ParseExpression(withConditional));
            if (!TakeOperator(","))
            {
                break;
            }
            isTuple = true;
        }
        if (!isTuple && items.Count == 1)
        {
            return items[0];
        }
        return isTuple || mayBeEmpty ? new SequenceExpression(offset, items, isTuple: true) : throw Unexpected("an expression");
    }

    private bool IsTupleEnd(string? endWord) =>
        Current.Kind is TokenKind.OutputEnd or TokenKind.BlockEnd or TokenKind.End
        || Current.IsOperator(")")
        || (endWord is not null && Current.IsName(endWord));
}
