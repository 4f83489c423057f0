using System.Text;

namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>
/// Makes keys of the bytes that a terminal sends: control characters, UTF-8, and the escape sequences of ECMA-48 in the forms of xterm, rxvt and the Linux
/// console, with cursor keys in both modes and pasted text in its brackets.
/// </summary>
/// <param name="read">The next bytes, at least one; none at the end of the input.</param>
/// <param name="isMoreNear">Whether more bytes come at once: tells the key Escape from the start of a sequence.</param>
internal sealed class KeyDecoder(Func<byte[]> read, Func<bool> isMoreNear)
{
    private const byte Escape = 0x1b;
    private const int LongestSequence = 32;
    private static readonly byte[] s_pasteEnd = "\e[201~"u8.ToArray();

    private byte[] _bytes = [];
    private int _at;

    /// <summary>The next key; null at the end of the input.</summary>
    public KeyPress? Next()
    {
        int first = NextByte();
        return first switch
        {
            < 0 => null,
            Escape => Sequence(),
            < 0x20 or 0x7f => new KeyPress(ControlKey(first)),
            _ => new KeyPress(Key.Text, TypedText((byte)first)),
        };
    }

    private static Key ControlKey(int value) => value switch
    {
        0x01 => Key.Home,
        0x02 => Key.Left,
        0x03 => Key.Interrupt,
        0x04 => Key.EndOfInput,
        0x05 => Key.End,
        0x06 => Key.Right,
        0x07 => Key.Editor,
        0x08 or 0x7f => Key.Backspace,
        0x0a => Key.NewLine,
        0x0b => Key.CutToEnd,
        0x0c => Key.ClearScreen,
        0x0d => Key.Enter,
        0x0e => Key.Down,
        0x10 => Key.Up,
        0x15 => Key.CutToStart,
        0x17 => Key.CutWord,
        0x19 => Key.PutBack,
        0x1a => Key.Suspend,
        _ => Key.None,
    };

    /// <summary>A character and all that has come with it, so that fast typing is drawn once.</summary>
    private string TypedText(byte first)
    {
        List<byte> text = [first];
        int missing = FollowersOf(first);
        while (missing > 0 || (_at < _bytes.Length && _bytes[_at] is >= 0x20 and not 0x7f))
        {
            int next = NextByte();
            if (next < 0)
            {
                break;
            }
            text.Add((byte)next);
            missing = (next & 0xc0) == 0x80 ? Math.Max(0, missing - 1) : FollowersOf((byte)next);
        }
        return Encoding.UTF8.GetString([.. text]);
    }

    /// <summary>How many bytes follow the first one of a character in UTF-8.</summary>
    private static int FollowersOf(byte first) => first switch { >= 0xf0 => 3, >= 0xe0 => 2, >= 0xc0 => 1, _ => 0 };

    private KeyPress Sequence()
    {
        if (_at >= _bytes.Length && !isMoreNear())
        {
            return new KeyPress(Key.None);
        }
        return NextByte() switch
        {
            '[' => Bracketed(),
            'O' => new KeyPress(LetterKey(NextByte(), isWord: false)),
            'b' or 'B' => new KeyPress(Key.WordLeft),
            'f' or 'F' => new KeyPress(Key.WordRight),
            0x7f or 0x08 => new KeyPress(Key.CutWord),
            '\r' or '\n' => new KeyPress(Key.NewLine),
            _ => new KeyPress(Key.None),
        };
    }

    /// <summary>CSI: parameters, then a letter or a tilde that says what they are of.</summary>
    private KeyPress Bracketed()
    {
        StringBuilder parameters = new();
        int next;
        while ((next = NextByte()) is >= 0x20 and < 0x40 && parameters.Length < LongestSequence)
        {
            parameters.Append((char)next);
        }
        string[] numbers = parameters.ToString().Split(';');
        bool isWord = numbers.Length > 1 && numbers[1] is "3" or "5" or "7"; // with Alt or Ctrl
        if (next != '~')
        {
            return new KeyPress(LetterKey(next, isWord));
        }
        return numbers[0] == "200" ? new KeyPress(Key.Paste, PastedText()) : new KeyPress(NumberKey(numbers[0]));
    }

    private static Key LetterKey(int letter, bool isWord) => letter switch
    {
        'A' => Key.Up,
        'B' => Key.Down,
        'C' => isWord ? Key.WordRight : Key.Right,
        'D' => isWord ? Key.WordLeft : Key.Left,
        'H' => Key.Home,
        'F' => Key.End,
        'M' => Key.Enter,
        _ => Key.None,
    };

    private static Key NumberKey(string number) => number switch
    {
        "1" or "7" => Key.Home,
        "4" or "8" => Key.End,
        "3" => Key.Delete,
        _ => Key.None,
    };

    private string PastedText()
    {
        List<byte> text = [];
        while (!EndsPaste(text))
        {
            int next = NextByte();
            if (next < 0)
            {
                return Encoding.UTF8.GetString([.. text]);
            }
            text.Add((byte)next);
        }
        return Encoding.UTF8.GetString([.. text[..^s_pasteEnd.Length]]);
    }

    private static bool EndsPaste(List<byte> text)
    {
        if (text.Count < s_pasteEnd.Length)
        {
            return false;
        }
        for (int i = 0; i < s_pasteEnd.Length; i++)
        {
            if (text[text.Count - s_pasteEnd.Length + i] != s_pasteEnd[i])
            {
                return false;
            }
        }
        return true;
    }

    private int NextByte()
    {
        if (_at >= _bytes.Length)
        {
            (_bytes, _at) = (read(), 0);
        }
        return _at < _bytes.Length ? _bytes[_at++] : -1;
    }
}
