using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Cuts the inside of one tag into names, literals and operators.</summary>
internal sealed class TagLexer(SourceText source, List<Token> tokens, int open, bool isBlock)
{
    private static readonly string[] DoubleOperators = ["//", "**", "==", "!=", ">=", "<="];
    private static readonly string[] SingleOperators = [.. "+-/*%~[](){}><=.:|,;".Select(c => c.ToString())];

    private readonly string _text = source.Text;
    private readonly Stack<(string Closing, int Offset)> _brackets = new();

    /// <summary>Reads up to the end of the tag and gives the position behind it.</summary>
    public int Read(int position)
    {
        while (position < _text.Length)
        {
            char c = _text[position];
            if (_brackets.Count == 0 && TryEnd(position, out int after))
            {
                return after;
            }
            position = PythonCharacters.IsSpace(c) ? position + 1
                : char.IsAsciiDigit(c) ? AddNumber(position)
                : c == '_' || char.IsLetter(c) ? AddName(position)
                : c is '"' or '\'' ? AddText(position)
                : AddOperator(position);
        }
        throw source.Error(isBlock ? "the block '{%' has no end '%}'" : "the output '{{' has no end '}}'", open);
    }

    private bool TryEnd(int position, out int after)
    {
        ReadOnlySpan<char> rest = _text.AsSpan(position);
        char sign = rest[0] == '-' || (isBlock && rest[0] == '+') ? rest[0] : ' ';
        string close = isBlock ? "%}" : "}}";
        int begin = sign == ' ' ? 0 : 1;
        if (!rest[begin..].StartsWith(close))
        {
            after = position;
            return false;
        }
        tokens.Add(new Token(isBlock ? TokenKind.BlockEnd : TokenKind.OutputEnd, close, position + begin));
        after = Lexer.AfterClosing(_text, position + begin + 2, sign, trimsLineEnd: isBlock);
        return true;
    }

    private int AddNumber(int position)
    {
        // In items.0.1 the digits are indices, not the number 0.1.
        bool mayBeFloat = position == 0 || _text[position - 1] != '.';
        int length = NumberLiteral.Length(_text.AsSpan(position), mayBeFloat);
        if (!NumberLiteral.TryParse(_text.AsSpan(position, length), out object? number))
        {
            throw source.Error("a number has too many digits", position);
        }
        tokens.Add(new Token(TokenKind.Number, _text.Substring(position, length), position, number));
        return position + length;
    }

    private int AddName(int position)
    {
        int end = position + 1;
        while (end < _text.Length && (_text[end] == '_' || char.IsLetterOrDigit(_text[end])))
        {
            end++;
        }
        tokens.Add(new Token(TokenKind.Name, _text[position..end], position));
        return end;
    }

    private int AddText(int position)
    {
        int end = position + 1;
        while (end < _text.Length && _text[end] != _text[position])
        {
            end += _text[end] == '\\' ? 2 : 1;
        }
        if (end >= _text.Length)
        {
            throw source.Error("the text in quotes has no end", position);
        }
        tokens.Add(new Token(TokenKind.Text, TextLiteral.Unescape(source, position + 1, end), position));
        return end + 1;
    }

    private int AddOperator(int position)
    {
        ReadOnlySpan<char> rest = _text.AsSpan(position);
        foreach (string symbol in DoubleOperators)
        {
            if (rest.StartsWith(symbol))
            {
                tokens.Add(new Token(TokenKind.Operator, symbol, position));
                return position + 2;
            }
        }
        string single = Array.Find(SingleOperators, symbol => symbol[0] == _text[position])
            ?? throw source.Error($"the character '{System.Text.Rune.GetRuneAt(_text, position)}' has no meaning here", position);
        Balance(single, position);
        tokens.Add(new Token(TokenKind.Operator, single, position));
        return position + 1;
    }

    /// <summary>Follows brackets, because <c>}}</c> inside of them is no end of the tag.</summary>
    private void Balance(string symbol, int position)
    {
        switch (symbol)
        {
            case "(" or "[" or "{":
                _brackets.Push((symbol == "(" ? ")" : symbol == "[" ? "]" : "}", position));
                break;
            case ")" or "]" or "}" when _brackets.Count == 0:
                throw source.Error($"the bracket '{symbol}' closes nothing", position);
            case ")" or "]" or "}" when _brackets.Pop() is var (closing, _) && closing != symbol:
                throw source.Error($"expected '{closing}' but found '{symbol}'", position);
        }
    }
}
