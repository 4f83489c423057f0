using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Text, output tags, and the statements that steer what is rendered.</summary>
internal sealed partial class Parser
{
    private int _loopDepth;

    /// <summary>
    /// Statements up to a block tag whose keyword is one of <paramref name="ends"/> (that stays current, behind its <c>{%</c>), or without
    /// any up to the end of the template.
    /// </summary>
    private Block ParseBody(Token? opening, params ReadOnlySpan<string> ends)
    {
        int depth = _depth;
        Descend();
        List<Statement> statements = [];
        while (Current.Kind != TokenKind.End)
        {
            if (Current.Kind == TokenKind.BlockBegin && Following.Kind == TokenKind.Name && ends.Contains(Following.Text))
            {
                Take();
                _depth = depth;
                return new Block(statements);
            }
            statements.Add(ParseStatement());
        }
        _depth = depth;
        return opening is { } block
            ? throw source.Error($"the block '{block.Text}' has no 'end{block.Text}'", block.Offset)
            : new Block(statements);
    }

    private Statement ParseStatement()
    {
        Token token = Take();
        switch (token.Kind)
        {
            case TokenKind.Data:
                return new TextStatement(token.Offset, token.Text);
            case TokenKind.OutputBegin:
                OutputStatement output = new(ParseTuple());
                Expect(TokenKind.OutputEnd, "'}}'");
                return output;
            default:
                return ParseBlockStatement(Expect(TokenKind.Name, "the name of a block"));
        }
    }

    private Statement ParseBlockStatement(Token keyword) => keyword.Text switch
    {
        "if" => ParseIf(keyword),
        "for" => ParseFor(keyword),
        "set" => ParseSet(keyword),
        "macro" => ParseMacro(keyword),
        "call" => ParseCall(keyword),
        "filter" => ParseFilterBlock(keyword),
        "with" => ParseWith(keyword),
        "generation" => ParseGeneration(keyword),
        "break" => ParseLoopControl(keyword, Flow.Break),
        "continue" => ParseLoopControl(keyword, Flow.Continue),
        "include" or "import" or "from" or "extends" or "block" =>
            throw source.Error($"'{keyword.Text}' is not supported, because a chat template stands alone", keyword.Offset),
        _ => throw source.Error($"the block '{keyword.Text}' is unknown or stands in the wrong place", keyword.Offset),
    };

    private void ExpectBlockEnd()
    {
        // Jinja2 lets a colon end the head of a block, as Python does.
        TakeOperator(":");
        Expect(TokenKind.BlockEnd, "'%}'");
    }

    /// <summary>The body of a block up to its end tag, which is consumed.</summary>
    private Block ParseBlockBody(Token keyword)
    {
        ExpectBlockEnd();
        Block body = ParseBody(keyword, $"end{keyword.Text}");
        Take();
        Expect(TokenKind.BlockEnd, "'%}'");
        return body;
    }

    private IfStatement ParseIf(Token keyword)
    {
        List<(Expression, Block)> branches = [];
        while (true)
        {
            Expression test = ParseTuple(withConditional: false);
            ExpectBlockEnd();
            branches.Add((test, ParseBody(keyword, "elif", "else", "endif")));
            Token end = Take();
            if (end.Text == "elif")
            {
                continue;
            }
            Block otherwise = end.Text == "else" ? ParseBlockBody(keyword) : Block.Empty;
            if (end.Text == "endif")
            {
                Expect(TokenKind.BlockEnd, "'%}'");
            }
            return new IfStatement(keyword.Offset, branches, otherwise);
        }
    }

    private ForStatement ParseFor(Token keyword)
    {
        AssignmentTarget target = ParseTarget(isLoop: true);
        ExpectName("in");
        Expression items = ParseTuple(withConditional: false, endWord: "recursive");
        Expression? filter = TakeName("if") ? ParseExpression() : null;
        bool isRecursive = TakeName("recursive");
        ExpectBlockEnd();
        _loopDepth++;
        Block body = ParseBody(keyword, "else", "endfor");
        _loopDepth--;
        Block otherwise = Block.Empty;
        if (Take().Text == "else")
        {
            otherwise = ParseBlockBody(keyword);
        }
        else
        {
            Expect(TokenKind.BlockEnd, "'%}'");
        }
        return new ForStatement(keyword.Offset, target, items, filter, isRecursive, body, otherwise);
    }

    private LoopControlStatement ParseLoopControl(Token keyword, Flow flow)
    {
        if (_loopDepth == 0)
        {
            throw source.Error($"'{keyword.Text}' stands outside of a loop", keyword.Offset);
        }
        Expect(TokenKind.BlockEnd, "'%}'");
        return new LoopControlStatement(keyword.Offset, flow);
    }
}
