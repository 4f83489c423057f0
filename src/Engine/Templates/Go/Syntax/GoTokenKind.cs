namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>Kinds of tokens.</summary>
internal enum GoTokenKind
{
    /// <summary>Text outside of actions, trimmed as the actions beside it say.</summary>
    Text,

    /// <summary><c>{{</c></summary>
    Open,

    /// <summary><c>}}</c></summary>
    Close,

    /// <summary>White space within an action; it separates arguments.</summary>
    Space,

    /// <summary><c>.Name</c>; the text is without the dot.</summary>
    Field,

    /// <summary><c>$</c> or <c>$name</c>; the text is with the dollar.</summary>
    Variable,

    /// <summary>Name of a function.</summary>
    Identifier,

    /// <summary>A word with a meaning of its own, such as <c>range</c>.</summary>
    Keyword,

    /// <summary>A dot alone.</summary>
    Dot,

    /// <summary>Quoted text, a number or a character, <c>true</c> or <c>false</c>; the value is in the token.</summary>
    Literal,

    /// <summary><c>nil</c></summary>
    Nil,

    /// <summary><c>| = := ( ) ,</c> or another character.</summary>
    Symbol,

    /// <summary>End of the template.</summary>
    End,
}
