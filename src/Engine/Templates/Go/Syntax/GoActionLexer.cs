using System.Collections.Frozen;

namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>Reads the tokens within an action.</summary>
internal sealed class GoActionLexer(GoSource source, List<GoToken> tokens)
{
    private static readonly FrozenSet<string> Keywords = new[] { "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with" }.ToFrozenSet();

    private readonly string _text = source.Text;

    /// <summary>Reads a token and adds it.</summary>
    /// <param name="start">Where it begins; not the end of the source.</param>
    /// <returns>Where the next one begins.</returns>
    public int Read(int start)
    {
        char c = _text[start];
        switch (c)
        {
            case ' ' or '\t' or '\r' or '\n':
                return Space(start);
            case '"' or '`' or '\'':
                int close = GoQuotes.End(source, start);
                return Literal(start, close, GoQuotes.Value(source, start, close));
            case '$':
                return Name(start, GoTokenKind.Variable);
            case '.' when start + 1 == _text.Length || !char.IsAsciiDigit(_text[start + 1]):
                return Name(start, GoTokenKind.Field);
            case ':':
                return _text.AsSpan(start).StartsWith(":=") ? Symbol(start, 2) : throw source.Error("expected ':=' but found ':'", start);
            case '+' or '-' or '.' or (>= '0' and <= '9'):
                int end = GoNumbers.End(_text, start);
                return Literal(start, end, GoNumbers.Value(source, start, end));
            default:
                if (IsNamePart(c))
                {
                    return Word(start);
                }
                return c is > ' ' and <= '~' ? Symbol(start, 1) : throw source.Error($"the character U+{(int)c:X4} has no meaning here", start);
        }
    }

    private int Literal(int start, int end, object value)
    {
        tokens.Add(new GoToken(GoTokenKind.Literal, _text[start..end], start, value));
        return end;
    }

    private int Space(int start)
    {
        int end = start;
        // A space before a trim marker belongs to the marker.
        while (end < _text.Length && GoLexer.IsSpace(_text[end]) && !(end > start && _text.AsSpan(end + 1).StartsWith("-}}")))
        {
            end++;
        }
        tokens.Add(new GoToken(GoTokenKind.Space, " ", start));
        return end;
    }

    private int Symbol(int start, int length)
    {
        tokens.Add(new GoToken(GoTokenKind.Symbol, _text.Substring(start, length), start));
        return start + length;
    }

    /// <summary>A dot or dollar with or without a name.</summary>
    private int Name(int start, GoTokenKind kind)
    {
        int end = NameEnd(start + 1);
        bool isDot = kind == GoTokenKind.Field && end == start + 1;
        tokens.Add(isDot
            ? new GoToken(GoTokenKind.Dot, ".", start)
            : new GoToken(kind, _text[(kind == GoTokenKind.Field ? start + 1 : start)..end], start));
        return end;
    }

    private int Word(int start)
    {
        int end = NameEnd(start);
        string word = _text[start..end];
        tokens.Add(word switch
        {
            "true" => new GoToken(GoTokenKind.Literal, word, start, true),
            "false" => new GoToken(GoTokenKind.Literal, word, start, false),
            "nil" => new GoToken(GoTokenKind.Nil, word, start),
            _ => new GoToken(Keywords.Contains(word) ? GoTokenKind.Keyword : GoTokenKind.Identifier, word, start),
        });
        return end;
    }

    /// <summary>The end of a name; what follows must be able to end one, as Go demands.</summary>
    private int NameEnd(int start)
    {
        int end = start;
        while (end < _text.Length && IsNamePart(_text[end]))
        {
            end++;
        }
        bool isEnd = end == _text.Length || GoLexer.IsSpace(_text[end]) || _text[end] is '.' or ',' or '|' or ':' or ')' or '(' || _text.AsSpan(end).StartsWith("}}");
        return isEnd ? end : throw source.Error($"the character '{_text[end]}' can't stand behind a name", end);
    }

    private static bool IsNamePart(char c) => c == '_' || char.IsLetterOrDigit(c);
}
