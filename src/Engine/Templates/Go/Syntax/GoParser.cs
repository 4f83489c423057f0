using System.Runtime.CompilerServices;
using LocalLlm.Engine.Templates.Go.Nodes;
using LocalLlm.Engine.Templates.Nodes;

namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>Reads tokens into a tree, by the grammar of Go's text/template. One per template.</summary>
/// <param name="source">The template, for error messages.</param>
/// <param name="tokens">Its tokens.</param>
/// <param name="maxDepth">How deep the tree may become.</param>
internal sealed partial class GoParser(GoSource source, List<GoToken> tokens, int maxDepth)
{
    private readonly Dictionary<string, GoSequence> _templates = [];

    /// <summary>Names of the variables in sight, innermost last.</summary>
    private List<string> _variables = ["$"];

    private int _next;
    private int _depth;
    private int _loops;

    /// <summary>The templates that <c>define</c> and <c>block</c> made.</summary>
    public IReadOnlyDictionary<string, GoSequence> Templates => _templates;

    private GoToken Current => tokens[_next];

    /// <summary>Reads the whole template.</summary>
    /// <exception cref="GoTemplateException">It doesn't follow the grammar or is nested too deeply.</exception>
    public GoSequence ParseTemplate()
    {
        List<GoNode> nodes = [];
        while (Current.Kind != GoTokenKind.End)
        {
            if (Current.Kind == GoTokenKind.Open && AfterOpen().IsKeyword("define"))
            {
                Define();
            }
            else
            {
                nodes.Add(Node());
            }
        }
        return new GoSequence(0, nodes);
    }

    /// <summary>Nodes up to an <c>end</c> or <c>else</c>, which becomes the current token.</summary>
    private GoSequence Sequence(GoToken opening)
    {
        List<GoNode> nodes = [];
        int offset = Current.Offset;
        Descend();
        while (true)
        {
            if (Current.Kind == GoTokenKind.End)
            {
                throw source.Error($"the '{opening.Text}' has no 'end'", opening.Offset);
            }
            if (Current.Kind == GoTokenKind.Open && AfterOpen() is var word && (word.IsKeyword("end") || word.IsKeyword("else")))
            {
                Take();
                SkipSpace();
                _depth--;
                return new GoSequence(offset, nodes);
            }
            nodes.Add(Node());
        }
    }

    /// <summary>A text or an action.</summary>
    private GoNode Node()
    {
        GoToken token = Take();
        if (token.Kind == GoTokenKind.Text)
        {
            return new GoText(token.Offset, token.Text);
        }
        SkipSpace();
        GoToken word = Current;
        if (word.Kind != GoTokenKind.Keyword)
        {
            GoPipeline pipeline = Pipeline("an action", mayDeclare: 1);
            Close();
            return new GoAction(word.Offset, pipeline);
        }
        Take();
        return word.Text switch
        {
            "if" => If(word, isWith: false),
            "with" => If(word, isWith: true),
            "range" => Range(word),
            "template" => Call(word),
            "block" => BlockCall(word),
            "break" or "continue" => LoopControl(word),
            _ => throw source.Error($"'{word.Text}' is in the wrong place", word.Offset),
        };
    }

    private GoIf If(GoToken word, bool isWith)
    {
        int variables = _variables.Count;
        GoPipeline pipeline = Pipeline(word.Text, mayDeclare: 1);
        Close();
        GoSequence body = Sequence(word);
        GoSequence? otherwise = Else(word);
        Forget(variables);
        return new GoIf(word.Offset, isWith, pipeline, body, otherwise);
    }

    private GoRange Range(GoToken word)
    {
        int variables = _variables.Count;
        GoPipeline pipeline = Pipeline(word.Text, mayDeclare: 2);
        Close();
        _loops++;
        GoSequence body = Sequence(word);
        _loops--;
        GoSequence? otherwise = Else(word);
        Forget(variables);
        return new GoRange(word.Offset, pipeline, body, otherwise);
    }

    /// <summary>What follows a body: <c>end</c>; <c>else</c> and another body; or <c>else if</c>, which needs no <c>end</c> of its own.</summary>
    private GoSequence? Else(GoToken opening)
    {
        GoToken word = Take();
        SkipSpace();
        if (word.Text == "end")
        {
            Close();
            return null;
        }
        bool chains = Current.Kind == GoTokenKind.Keyword && Current.Text is "if" or "with" && Current.Text == opening.Text;
        if (chains)
        {
            Descend();
            GoToken inner = Take();
            GoSequence result = new(inner.Offset, [If(inner, isWith: inner.Text == "with")]);
            _depth--;
            return result;
        }
        Close();
        GoSequence otherwise = Sequence(opening);
        GoToken end = Take();
        if (end.Text != "end")
        {
            throw source.Error($"expected 'end' but found '{end.Text}'", end.Offset);
        }
        Close();
        return otherwise;
    }

    private GoLoopControl LoopControl(GoToken word)
    {
        if (_loops == 0)
        {
            throw source.Error($"'{word.Text}' stands outside of a 'range'", word.Offset);
        }
        Close();
        return new GoLoopControl(word.Offset, word.Text == "break" ? Flow.Break : Flow.Continue);
    }

    private GoTemplateCall Call(GoToken word)
    {
        string name = Name(word);
        SkipSpace();
        GoPipeline? pipeline = Current.Kind == GoTokenKind.Close ? null : Pipeline(word.Text, mayDeclare: 1);
        Close();
        return new GoTemplateCall(word.Offset, name, pipeline);
    }

    private GoTemplateCall BlockCall(GoToken word)
    {
        string name = Name(word);
        GoPipeline pipeline = Pipeline(word.Text, mayDeclare: 1);
        Close();
        Body(name, word);
        return new GoTemplateCall(word.Offset, name, pipeline);
    }

    private void Define()
    {
        Take();
        SkipSpace();
        GoToken word = Take();
        string name = Name(word);
        Close();
        Body(name, word);
    }

    /// <summary>The body of a template of its own, up to its <c>end</c>. It sees no variables from around it; a second one of a name needs the first to be empty.</summary>
    private void Body(string name, GoToken word)
    {
        (List<string> variables, int loops) = (_variables, _loops);
        (_variables, _loops) = (["$"], 0);
        GoSequence body = Sequence(word);
        GoToken end = Take();
        if (end.Text != "end")
        {
            throw source.Error($"expected 'end' but found '{end.Text}'", end.Offset);
        }
        Close();
        (_variables, _loops) = (variables, loops);
        if (!_templates.TryGetValue(name, out GoSequence? other) || other.IsEmpty)
        {
            _templates[name] = body;
        }
        else if (!body.IsEmpty)
        {
            throw source.Error($"the template \"{name}\" is defined twice", word.Offset);
        }
    }

    private string Name(GoToken word)
    {
        SkipSpace();
        return Take() is { Kind: GoTokenKind.Literal, Value: string name } ? name : throw source.Error($"'{word.Text}' needs a name in quotes", word.Offset);
    }

    /// <summary>The first token behind a <c>{{</c> that is no space.</summary>
    private GoToken AfterOpen() => tokens[_next + 1].Kind == GoTokenKind.Space ? tokens[_next + 2] : tokens[_next + 1];

    private GoToken Take()
    {
        GoToken token = Current;
        _next = Math.Min(_next + 1, tokens.Count - 1);
        return token;
    }

    private void SkipSpace()
    {
        while (Current.Kind == GoTokenKind.Space)
        {
            Take();
        }
    }

    private void Close()
    {
        SkipSpace();
        if (Current.Kind != GoTokenKind.Close)
        {
            throw source.Error($"expected '}}}}' but found {Current}", Current.Offset);
        }
        Take();
    }

    private void Forget(int count) => _variables.RemoveRange(count, _variables.Count - count);

    /// <summary>Goes one level down in the tree; whoever does so restores <see cref="_depth"/>.</summary>
    private void Descend()
    {
        if (++_depth > maxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw source.Error($"the template is nested more than {maxDepth} levels deep", Current.Offset);
        }
    }
}
