using System.Text;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

public class Utf8StreamDecoderTests
{
    [Fact]
    public void HowBytesAreCutMakesNoDifference()
    {
        Random random = new(7);
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = RandomBytes(random);
            Utf8StreamDecoder decoder = new();
            StringBuilder text = new();
            for (int at = 0; at < bytes.Length;)
            {
                int length = random.Next(0, Math.Min(5, bytes.Length - at) + 1);
                string piece = decoder.Append(bytes.AsSpan(at, length));
                Assert.False(piece.Length > 0 && (char.IsHighSurrogate(piece[^1]) || char.IsLowSurrogate(piece[0])), "half a character");
                text.Append(piece);
                at += length;
            }
            text.Append(decoder.Flush());
            Assert.Equal(Encoding.UTF8.GetString(bytes), text.ToString());
        }
    }

    [Fact]
    public void ACharacterComesWithItsLastByte()
    {
        Utf8StreamDecoder decoder = new();
        byte[] bytes = [0xF0, 0x9F, 0x99, 0x82];
        Assert.Equal(["", "", "", "🙂"], bytes.Select(value => decoder.Append([value])));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void WhatCannotBeUtf8IsReplacedAsSoonAsThatIsCertain()
    {
        Utf8StreamDecoder decoder = new();
        Assert.Equal("\uFFFD", decoder.Append([0xFF]));
        Assert.Equal("", decoder.Append([0xE4, 0xB8]));
        Assert.Equal("\uFFFDa", decoder.Append([(byte)'a']));
        Assert.Equal("", decoder.Append([0xE0]));
        Assert.Equal("\uFFFD\uFFFD", decoder.Append([0x80]));
        Assert.Equal("", decoder.Append([0xF0, 0x9F]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("b", decoder.Append([(byte)'b']));
    }

    // Whole characters of every length, with bytes changed, dropped and repeated.
    private static byte[] RandomBytes(Random random)
    {
        List<byte> bytes = [];
        string[] characters = ["a", "é", "世", "🙂", "\u0000", "\uFFFD", "👩‍👩‍👧", "\U0010FFFF"];
        int count = random.Next(1, 12);
        for (int i = 0; i < count; i++)
        {
            byte[] character = Encoding.UTF8.GetBytes(characters[random.Next(characters.Length)]);
            switch (random.Next(5))
            {
                case 0:
                    character[random.Next(character.Length)] = (byte)random.Next(256);
                    break;
                case 1:
                    character = character[..random.Next(character.Length)];
                    break;
                case 2:
                    character = [.. character, (byte)random.Next(0x80, 0x100)];
                    break;
            }
            bytes.AddRange(character);
        }
        return [.. bytes];
    }
}
