using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>
/// Cuts a template into text and tags, and settles which white space beside tags counts: <c>-</c> removes all of it; a block or
/// comment alone on its line takes its indentation (<c>lstrip_blocks</c>) and its line end (<c>trim_blocks</c>) with it, unless marked <c>+</c>.
/// </summary>
internal sealed class Lexer(SourceText source)
{
    private readonly string _text = source.Text;
    private readonly List<Token> _tokens = [];
    private int _position;

    /// <summary>All tokens; the last is <see cref="TokenKind.End"/>.</summary>
    public List<Token> Run()
    {
        while (_position < _text.Length)
        {
            int open = FindOpening(_position);
            if (open < 0)
            {
                AddData(_position, _text.Length);
                _position = _text.Length;
                break;
            }
            ReadTag(open);
        }
        _tokens.Add(new Token(TokenKind.End, "", _text.Length));
        return _tokens;
    }

    private int FindOpening(int start)
    {
        for (int i = _text.IndexOf('{', start); i >= 0 && i + 1 < _text.Length; i = _text.IndexOf('{', i + 1))
        {
            if (_text[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }
        return -1;
    }

    private void ReadTag(int open)
    {
        char sign = SignAt(open + 2);
        int inside = open + 2 + (sign == ' ' ? 0 : 1);
        AddDataBefore(open, sign, isOutput: _text[open + 1] == '{');
        switch (_text[open + 1])
        {
            case '#':
                _position = EndOfComment(open, inside);
                break;
            case '{':
                _tokens.Add(new Token(TokenKind.OutputBegin, "{{", open));
                _position = new TagLexer(source, _tokens, open, isBlock: false).Read(inside);
                break;
            default:
                if (TryRawBegin(inside, out int raw))
                {
                    ReadRaw(open, raw);
                    break;
                }
                _tokens.Add(new Token(TokenKind.BlockBegin, "{%", open));
                _position = new TagLexer(source, _tokens, open, isBlock: true).Read(inside);
                break;
        }
    }

    /// <summary>Adds the text from the current position to a tag, less the white space that the tag takes.</summary>
    private void AddDataBefore(int open, char sign, bool isOutput)
    {
        int end = open;
        if (sign == '-')
        {
            while (end > _position && PythonCharacters.IsSpace(_text[end - 1]))
            {
                end--;
            }
        }
        else if (sign != '+' && !isOutput)
        {
            // The indentation goes only if the line began in this text, or right before it.
            int lineStart = _position + _text.AsSpan(_position, open - _position).LastIndexOf('\n') + 1;
            bool startsLine = lineStart == 0 || _text[lineStart - 1] == '\n';
            end = startsLine && PythonCharacters.IsSpace(_text.AsSpan(lineStart, open - lineStart)) ? lineStart : open;
        }
        AddData(_position, end);
    }

    private void AddData(int begin, int end)
    {
        if (end > begin)
        {
            _tokens.Add(new Token(TokenKind.Data, _text[begin..end], begin));
        }
    }

    private int EndOfComment(int open, int inside)
    {
        int close = _text.IndexOf("#}", inside, StringComparison.Ordinal);
        if (close < 0)
        {
            throw source.Error("the comment '{#' has no end '#}'", open);
        }
        char sign = close > inside ? _text[close - 1] : ' ';
        return AfterClosing(_text, close + 2, sign, trimsLineEnd: true);
    }

    /// <summary>Where text goes on behind a closing tag: <c>-</c> skips white space, a block without <c>+</c> one line end.</summary>
    internal static int AfterClosing(string text, int position, char sign, bool trimsLineEnd)
    {
        if (sign == '-')
        {
            while (position < text.Length && PythonCharacters.IsSpace(text[position]))
            {
                position++;
            }
        }
        else if (sign != '+' && trimsLineEnd && position < text.Length && text[position] == '\n')
        {
            position++;
        }
        return position;
    }

    private char SignAt(int position) => position < _text.Length && _text[position] is '-' or '+' ? _text[position] : ' ';

    private int SkipSpace(int position)
    {
        while (position < _text.Length && PythonCharacters.IsSpace(_text[position]))
        {
            position++;
        }
        return position;
    }

    private bool StartsWith(string expected, int position) => string.CompareOrdinal(_text, position, expected, 0, expected.Length) == 0;

    /// <summary>Whether a block's inside is <c>raw</c>, and where the raw text begins. Its line end stays, only <c>-</c> takes it.</summary>
    private bool TryRawBegin(int inside, out int begin)
    {
        begin = SkipSpace(inside);
        if (!StartsWith("raw", begin))
        {
            return false;
        }
        begin = SkipSpace(begin + 3);
        if (StartsWith("-%}", begin))
        {
            begin = SkipSpace(begin + 3);
            return true;
        }
        begin += 2;
        return StartsWith("%}", begin - 2);
    }

    private void ReadRaw(int open, int begin)
    {
        _position = begin;
        for (int tag = _text.IndexOf("{%", begin, StringComparison.Ordinal); tag >= 0; tag = _text.IndexOf("{%", tag + 1, StringComparison.Ordinal))
        {
            char sign = SignAt(tag + 2);
            int word = SkipSpace(tag + 2 + (sign == ' ' ? 0 : 1));
            if (!StartsWith("endraw", word))
            {
                continue;
            }
            int close = SkipSpace(word + "endraw".Length);
            char closeSign = SignAt(close);
            close += closeSign == ' ' ? 0 : 1;
            if (StartsWith("%}", close))
            {
                AddDataBefore(tag, sign, isOutput: false);
                _position = AfterClosing(_text, close + 2, closeSign, trimsLineEnd: true);
                return;
            }
        }
        throw source.Error("the block 'raw' has no 'endraw'", open);
    }
}
