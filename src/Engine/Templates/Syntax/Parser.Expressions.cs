using LocalLlm.Engine.Templates.Nodes;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Operators, from those that bind loosest to those that bind tightest.</summary>
internal sealed partial class Parser
{
    private static readonly Dictionary<string, Comparison> Comparisons = new()
    {
        ["=="] = Comparison.Equal,
        ["!="] = Comparison.NotEqual,
        ["<"] = Comparison.Less,
        ["<="] = Comparison.LessOrEqual,
        [">"] = Comparison.Greater,
        [">="] = Comparison.GreaterOrEqual,
    };

    /// <summary>An operator between two operands, by its symbol.</summary>
    private static readonly Dictionary<string, BinaryOperator> Sums = new() { ["+"] = Operators.Add, ["-"] = Operators.Subtract };

    private static readonly Dictionary<string, BinaryOperator> Products = new()
    {
        ["*"] = Operators.Multiply,
        ["/"] = Operators.Divide,
        ["//"] = Operators.FloorDivide,
        ["%"] = Operators.Modulo,
    };

    private static readonly Dictionary<string, BinaryOperator> Powers = new() { ["**"] = Operators.Power };

    /// <summary>An expression; <c>a if b else c</c> is one unless excluded, as where <c>if</c> means something else.</summary>
    private Expression ParseExpression(bool withConditional = true)
    {
        int depth = _depth;
        Descend();
        Expression expression = withConditional ? ParseConditional() : ParseOr();
        _depth = depth;
        return expression;
    }

    private Expression ParseConditional()
    {
        int depth = _depth;
        Expression value = ParseOr();
        while (Current.IsName("if"))
        {
            Descend();
            int offset = Take().Offset;
            Expression test = ParseOr();
            Expression? otherwise = TakeName("else") ? ParseExpression() : null;
            value = new ConditionalExpression(offset, test, value, otherwise);
        }
        _depth = depth;
        return value;
    }

    private Expression ParseOr() => ParseLogical("or", ParseAnd);

    private Expression ParseAnd() => ParseLogical("and", ParseNot);

    private Expression ParseLogical(string word, Func<Expression> parseOperand)
    {
        int depth = _depth;
        Expression left = parseOperand();
        while (Current.IsName(word))
        {
            Descend();
            int offset = Take().Offset;
            left = new LogicalExpression(offset, word == "and", left, parseOperand());
        }
        _depth = depth;
        return left;
    }

    private Expression ParseNot()
    {
        if (!Current.IsName("not"))
        {
            return ParseCompare();
        }
        int depth = _depth;
        Descend();
        Expression expression = new NotExpression(Take().Offset, ParseNot());
        _depth = depth;
        return expression;
    }

    private Expression ParseCompare()
    {
        Expression first = ParseSum();
        int offset = Current.Offset;
        List<(Comparison, Expression)> rest = [];
        while (TryTakeComparison(out Comparison comparison))
        {
            rest.Add((comparison, ParseSum()));
        }
        return rest.Count == 0 ? first : new CompareExpression(offset, first, rest);
    }

    private bool TryTakeComparison(out Comparison comparison)
    {
        comparison = Comparison.In;
        if (Current.Kind == TokenKind.Operator && Comparisons.TryGetValue(Current.Text, out comparison))
        {
            Take();
            return true;
        }
        if (Current.IsName("not") && Following.IsName("in"))
        {
            comparison = Comparison.NotIn;
            Take();
        }
        return TakeName("in");
    }

    private Expression ParseSum() => ParseArithmetic(Sums, ParseConcat);

    private Expression ParseConcat()
    {
        Expression first = ParseProduct();
        if (!Current.IsOperator("~"))
        {
            return first;
        }
        int offset = Current.Offset;
        List<Expression> parts = [first];
        while (TakeOperator("~"))
        {
            parts.Add(ParseProduct());
        }
        return new ConcatExpression(offset, parts);
    }

    private Expression ParseProduct() => ParseArithmetic(Products, ParsePower);

    private Expression ParsePower() => ParseArithmetic(Powers, () => ParseSign());

    private Expression ParseArithmetic(Dictionary<string, BinaryOperator> operators, Func<Expression> parseOperand)
    {
        int depth = _depth;
        Expression left = parseOperand();
        while (Current.Kind == TokenKind.Operator && operators.TryGetValue(Current.Text, out BinaryOperator? apply))
        {
            Descend();
            int offset = Take().Offset;
            left = new ArithmeticExpression(offset, apply, left, parseOperand());
        }
        _depth = depth;
        return left;
    }

    /// <summary>An operand with its sign, subscripts, calls, filters and tests. A filter applies to the signed value: <c>-1|abs</c> is 1.</summary>
    private Expression ParseSign(bool withFilters = true)
    {
        int depth = _depth;
        Descend();
        Expression expression;
        if (Current.IsOperator("-") || Current.IsOperator("+"))
        {
            Token sign = Take();
            expression = new SignExpression(sign.Offset, sign.Text == "-", ParseSign(withFilters: false));
        }
        else
        {
            expression = ParsePrimary();
        }
        expression = ParsePostfix(expression);
        expression = withFilters ? ParseFiltersAndTests(expression) : expression;
        _depth = depth;
        return expression;
    }
}
