namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>Splits a template into text and actions, <c>{{ ... }}</c>. Comments are gone, and white space that a <c>{{- </c> or <c> -}}</c> trims.</summary>
internal sealed class GoLexer(GoSource source)
{
    private const string Open = "{{";
    private const string Close = "}}";

    /// <summary>A minus and the white space between it and the action.</summary>
    private const int MarkerLength = 2;

    private readonly string _text = source.Text;
    private readonly List<GoToken> _tokens = [];
    private int _position;

    /// <summary>What Go takes for white space.</summary>
    public static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    /// <summary>The tokens; the last is <see cref="GoTokenKind.End"/>.</summary>
    /// <exception cref="GoTemplateException">An action or comment has no end, or holds what is no token.</exception>
    public List<GoToken> Run()
    {
        bool trimsNext = false;
        while (true)
        {
            int open = _text.IndexOf(Open, _position, StringComparison.Ordinal);
            int end = open < 0 ? _text.Length : open;
            bool trims = open >= 0 && HasLeftMarker(open + Open.Length);
            AddText(_position, end, trimsNext, trims);
            if (open < 0)
            {
                _tokens.Add(new GoToken(GoTokenKind.End, "", _text.Length));
                return _tokens;
            }
            _position = open + Open.Length + (trims ? MarkerLength : 0);
            trimsNext = At("/*") ? SkipComment(open) : ReadAction(open);
        }
    }

    private void AddText(int start, int end, bool trimsStart, bool trimsEnd)
    {
        while (trimsStart && start < end && IsSpace(_text[start]))
        {
            start++;
        }
        while (trimsEnd && start < end && IsSpace(_text[end - 1]))
        {
            end--;
        }
        if (start < end)
        {
            _tokens.Add(new GoToken(GoTokenKind.Text, _text[start..end], start));
        }
    }

    /// <summary>Skips a comment, which must fill its action; gives whether it trims the text behind it.</summary>
    private bool SkipComment(int open)
    {
        int end = _text.IndexOf("*/", _position + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            throw source.Error("the comment '/*' has no end '*/'", open);
        }
        _position = end + 2;
        bool trims = HasRightMarker(_position);
        _position += trims ? MarkerLength : 0;
        if (!At(Close))
        {
            throw source.Error("a comment must be all of its action: '{{/*' to '*/}}'", open);
        }
        _position += Close.Length;
        return trims;
    }

    /// <summary>Reads the tokens of an action; gives whether it trims the text behind it.</summary>
    private bool ReadAction(int open)
    {
        _tokens.Add(new GoToken(GoTokenKind.Open, Open, open));
        GoActionLexer action = new(source, _tokens);
        while (true)
        {
            bool trims = HasRightMarker(_position);
            int close = _position + (trims ? MarkerLength : 0);
            if (_text.AsSpan(close).StartsWith(Close))
            {
                _tokens.Add(new GoToken(GoTokenKind.Close, Close, close));
                _position = close + Close.Length;
                return trims;
            }
            if (_position == _text.Length)
            {
                throw source.Error("the action '{{' has no end '}}'", open);
            }
            _position = action.Read(_position);
        }
    }

    private bool At(string expected) => _text.AsSpan(_position).StartsWith(expected);

    private bool HasLeftMarker(int position) =>
        position + 1 < _text.Length && _text[position] == '-' && IsSpace(_text[position + 1]);

    /// <summary>Whether <c> -}}</c> stands here.</summary>
    private bool HasRightMarker(int position) =>
        position + 1 < _text.Length && IsSpace(_text[position]) && _text[position + 1] == '-' && _text.AsSpan(position + MarkerLength).StartsWith(Close);
}
