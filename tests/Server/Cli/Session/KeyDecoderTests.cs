using System.Text;
using LocalLlm.Server.Cli.Session.Editing;

namespace LocalLlm.Server.Tests.Cli.Session;

public sealed class KeyDecoderTests
{
    [Theory]
    [InlineData("\r", "Enter")]
    [InlineData("\n", "NewLine")]
    [InlineData("\u007f\b", "Backspace Backspace")]
    [InlineData("\u0001\u0005\u0002\u0006", "Home End Left Right")]
    [InlineData("\u0010\u000e", "Up Down")]
    [InlineData("\u000b\u0015\u0017\u0019", "CutToEnd CutToStart CutWord PutBack")]
    [InlineData("\u0003\u0004\u001a\u0007\f", "Interrupt EndOfInput Suspend Editor ClearScreen")]
    [InlineData("\e[A\e[B\e[C\e[D\e[H\e[F", "Up Down Right Left Home End")]
    [InlineData("\eOA\eOB\eOC\eOD\eOH\eOF", "Up Down Right Left Home End")] // application mode
    [InlineData("\e[1~\e[3~\e[4~\e[7~\e[8~", "Home Delete End Home End")]
    [InlineData("\e[1;5C\e[1;3D\eb\ef\e\u007f", "WordRight WordLeft WordLeft WordRight CutWord")]
    [InlineData("\e[5~\e[15~\e[?1;2c\ex", "None None None None")]
    [InlineData("\e", "None")]
    [InlineData("a b\rc", "Text:a b Enter Text:c")]
    [InlineData("grüße 漢字 👍", "Text:grüße 漢字 👍")]
    [InlineData("\e[200~two\r\nlines\e[31m\e[201~x", "Paste:two\r\nlines\e[31m Text:x")]
    public void KeysOfBytes(string input, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(input);
        Assert.Equal(expected, Decode(bytes));
        // However a slow line parts them, but for the key Escape, which only time tells from a sequence.
        Assert.Equal(expected.Replace("Text:", "", StringComparison.Ordinal), Joined(bytes));
    }

    [Fact]
    public void ASequenceThatNeverEndsIsGivenUp() => Assert.Equal("None Text:" + new string('1', 67), Decode(Encoding.UTF8.GetBytes("\e[" + new string('1', 100))));

    [Fact]
    public void APasteThatNeverEndsIsTaken() => Assert.Equal("Paste:half", Decode("\e[200~half"u8.ToArray()));

    private static string Decode(params byte[][] chunks)
    {
        Queue<byte[]> queue = new(chunks);
        KeyDecoder decoder = new(() => queue.Count > 0 ? queue.Dequeue() : [], () => queue.Count > 0);
        List<string> keys = [];
        while (decoder.Next() is { } key)
        {
            keys.Add(key.Text.Length > 0 ? $"{key.Key}:{key.Text}" : key.Key.ToString());
        }
        return string.Join(' ', keys);
    }

    /// <summary>The keys of bytes that come one by one; text typed so is a key for each character.</summary>
    private static string Joined(byte[] bytes)
    {
        Queue<byte> queue = new(bytes);
        KeyDecoder decoder = new(() => queue.Count > 0 ? [queue.Dequeue()] : [], () => queue.Count > 0);
        StringBuilder keys = new();
        bool afterText = false;
        while (decoder.Next() is { } key)
        {
            keys.Append(keys.Length > 0 && !(afterText && key.Key == Key.Text) ? " " : "");
            afterText = key.Key == Key.Text;
            keys.Append(afterText ? key.Text : key.Text.Length > 0 ? $"{key.Key}:{key.Text}" : key.Key.ToString());
        }
        return keys.ToString();
    }
}
