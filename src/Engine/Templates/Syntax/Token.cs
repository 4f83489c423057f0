namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>Text between tags.</summary>
    Data,

    /// <summary><c>{{</c></summary>
    OutputBegin,

    /// <summary><c>}}</c></summary>
    OutputEnd,

    /// <summary><c>{%</c></summary>
    BlockBegin,

    /// <summary><c>%}</c></summary>
    BlockEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>Text in quotes.</summary>
    Text,

    /// <summary>An integer or a float.</summary>
    Number,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As written; for <see cref="TokenKind.Data"/> and <see cref="TokenKind.Text"/> what it means.</param>
/// <param name="Offset">Where it begins in the source.</param>
/// <param name="Number">The value of a <see cref="TokenKind.Number"/>.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Offset, object? Number = null)
{
    /// <summary>Whether it is this name or keyword.</summary>
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    /// <summary>Whether it is this operator or bracket.</summary>
    public bool IsOperator(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    /// <summary>How an error message names it.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.Data => "text",
        TokenKind.Text => $"the text '{(Text.Length <= 40 ? Text : Text[..40])}'",
        _ => $"'{(Text.Length <= 40 ? Text : Text[..40])}'",
    };
}
