using System.Runtime.CompilerServices;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Reads tokens into a tree, by Jinja2's grammar. One per template.</summary>
/// <param name="source">The template, for error messages.</param>
/// <param name="tokens">Its tokens.</param>
/// <param name="maxDepth">How deep the tree may become; a chain such as <c>a.b.c</c> is as deep as it is long.</param>
internal sealed partial class Parser(SourceText source, List<Token> tokens, int maxDepth)
{
    private int _next;
    private int _depth;

    private Token Current => tokens[_next];

    /// <summary>The token behind the current one; the end of the template repeats.</summary>
    private Token Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    /// <summary>Reads the whole template.</summary>
    /// <exception cref="JinjaException">It doesn't follow the grammar or is nested too deeply.</exception>
    public Block ParseTemplate()
    {
        Block body = ParseBody(opening: null);
        return Current.Kind == TokenKind.End ? body : throw Unexpected("a template");
    }

    private Token Take()
    {
        Token token = Current;
        _next = Math.Min(_next + 1, tokens.Count - 1);
        return token;
    }

    private bool TakeOperator(string symbol)
    {
        bool found = Current.IsOperator(symbol);
        if (found)
        {
            Take();
        }
        return found;
    }

    private bool TakeName(string name)
    {
        bool found = Current.IsName(name);
        if (found)
        {
            Take();
        }
        return found;
    }

    private Token Expect(TokenKind kind, string expected) => Current.Kind == kind ? Take() : throw Unexpected(expected);

    private void ExpectOperator(string symbol)
    {
        if (!TakeOperator(symbol))
        {
            throw Unexpected($"'{symbol}'");
        }
    }

    private void ExpectName(string name)
    {
        if (!TakeName(name))
        {
            throw Unexpected($"'{name}'");
        }
    }

    private JinjaException Unexpected(string expected) => source.Error($"expected {expected} but found {Current}", Current.Offset);

    /// <summary>Goes one level down in the tree; whoever does so restores <see cref="_depth"/>.</summary>
    private void Descend()
    {
        if (++_depth > maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw source.Error($"the template is nested more than {maxDepth} levels deep", Current.Offset);
        }
    }
}
