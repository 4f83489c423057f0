namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text.</param>
/// <param name="Offset">Where it begins in the source.</param>
/// <param name="Value">Value of a literal.</param>
internal readonly record struct GoToken(GoTokenKind Kind, string Text, int Offset, object? Value = null)
{
    /// <summary>Whether this is a symbol.</summary>
    public bool IsSymbol(string symbol) => Kind == GoTokenKind.Symbol && Text == symbol;

    /// <summary>Whether this is a keyword.</summary>
    public bool IsKeyword(string word) => Kind == GoTokenKind.Keyword && Text == word;

    /// <summary>How error messages call it.</summary>
    public override string ToString() => Kind switch
    {
        GoTokenKind.End => "the end of the template",
        GoTokenKind.Space => "a space",
        GoTokenKind.Field => $"'.{Text}'",
        _ => $"'{(Text.Length <= 40 ? Text : Text[..40] + "...")}'",
    };
}
